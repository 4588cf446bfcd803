import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { SinkClient, type SinkClientOwner } from '../client/sink-client.js';
import type { QueueLimits } from '../options/queue-limits.js';
import { ClientQueue } from '../queue/client-queue.js';
import type { QueueOutcome } from '../queue/queue-outcome.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';

/** What a client of a job without a store is made of. */
export interface DirectClientParts {
  readonly connection: MqttConnectionOptions;
  readonly limits: QueueLimits;
  readonly retry: RetryStrategy;
  readonly owner: QueueOutcome & SinkClientOwner;
}

/** A client of a sink in a job without a store. */
export const createClient = ({ connection, limits, retry, owner }: DirectClientParts): SinkClient => {
  const queue = new ClientQueue({ publisher: () => client.session, limits, retry, outcome: owner, outbox: undefined });
  const client: SinkClient = new SinkClient({ connection, queue, retry, owner });
  return client;
};
