import type { ConnectionOptions } from '../connection/options/connection-options.js';
import { Lane } from './lane/lane.js';
import { LaneClient, type LaneClientOwner } from './lane/lane-client.js';
import type { LaneOutcome } from './lane/lane-outcome.js';
import type { LaneLimits } from './options/lane-limits.js';
import type { RetryStrategy } from './retry/retry-strategy.js';

/** What a client of a job without a store is made of. */
export interface PlainClientParts {
  readonly connection: ConnectionOptions;
  readonly limits: LaneLimits;
  readonly retry: RetryStrategy;
  readonly owner: LaneOutcome & LaneClientOwner;
}

/** A client of a sink in a job without a store. */
export const plainClient = ({ connection, limits, retry, owner }: PlainClientParts): LaneClient => {
  const lane = new Lane({ publisher: () => client.session, limits, retry, outcome: owner, outbox: undefined });
  const client: LaneClient = new LaneClient({ connection, lane, retry, owner });
  return client;
};
