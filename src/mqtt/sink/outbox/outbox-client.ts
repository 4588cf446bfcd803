import { maxInflightOf } from '../../connection/connect-request.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { SinkClient } from '../client/sink-client.js';
import type { QueueLimits } from '../options/queue-limits.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';
import type { OutboxWriterOwner } from './mqtt-outbox-writer.js';
import { MqttOutboxSender } from './sender/mqtt-outbox-sender.js';
import type { OutboxBirth } from './sender/restore-outbox.js';
import type { RowCodec } from './sender/row-codec.js';

/** What a client of a job with a store is made of. */
export interface OutboxClientParts {
  /** With the past that is that of `birth`. */
  readonly connection: MqttConnectionOptions;
  readonly birth: OutboxBirth;
  readonly codec: RowCodec;
  readonly limits: QueueLimits;
  readonly retry: RetryStrategy;
  readonly owner: OutboxWriterOwner;
}

/** One client of a sink with its outbox. */
export class OutboxClient {
  readonly outbox: MqttOutboxSender;
  readonly client: SinkClient;

  constructor({ connection, birth, codec, limits, retry, owner }: OutboxClientParts) {
    this.outbox = new MqttOutboxSender({
      name: connection.clientId,
      birth,
      codec,
      publisher: () => this.client.session,
      limits,
      retry,
      owner,
    });
    this.client = new SinkClient({
      connection,
      queue: this.outbox.queue,
      retry,
      version: birth.version,
      owner: {
        connected: ({ limits }) => {
          owner.counters.resent.add(this.outbox.queue.inflight);
          // a session that the marker disproves is one epoch further than its CONNACK says
          const { epoch } = this.client.session;
          const window = Math.min(limits.receiveMaximum, maxInflightOf(connection, this.client.version));
          this.outbox.handleConnected({ epoch, window });
        },
        changed: () => owner.changed(),
        failed: (error) => owner.failed(error),
      },
    });
    this.outbox.begin();
    owner.counters.inDoubtDropped.add(birth.dropped);
  }
}
