import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { SinkClient, type SinkClientOwner } from '../client/sink-client.js';
import type { QueueLimits } from '../options/queue-limits.js';
import { ClientQueue } from '../queue/client-queue.js';
import type { QueueOutcome } from '../queue/queue-outcome.js';
import { directCustody } from './direct-custody.js';

/** What a client of a sink is made of that has nothing but its sessions. */
export interface DirectClientParts {
  readonly connection: MqttConnectionOptions;
  /** Of its queue: each client has these for itself. */
  readonly limits: QueueLimits;
  /** Of refused messages and, without auto-reconnect, of connecting. */
  readonly retry: RetryStrategy;
  /** One for all clients of a sink: what it is told names the row, not the client. */
  readonly owner: QueueOutcome & SinkClientOwner;
}

/** A client of a sink that has nothing but its sessions. */
export const createClient = ({ connection, limits, retry, owner }: DirectClientParts): SinkClient => {
  const publisher = () => client.session;
  const queue = new ClientQueue({ publisher, limits, retry, outcome: owner, custody: directCustody(publisher) });
  const client: SinkClient = new SinkClient({ connection, queue, retry, owner, version: connection.version ?? 5 });
  return client;
};
