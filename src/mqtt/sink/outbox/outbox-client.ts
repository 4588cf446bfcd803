import { maxInflightOf } from '../../connection/connect-request.js';
import type { ConnectionOptions } from '../../connection/options/connection-options.js';
import { LaneClient } from '../lane/lane-client.js';
import type { LaneLimits } from '../options/lane-limits.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';
import { MqttOutbox } from './mqtt-outbox.js';
import type { OutboxWriterOwner } from './mqtt-outbox-writer.js';
import type { OutboxBirth } from './restore-outbox.js';
import type { RowCodec } from './row-codec.js';

/** What a client of a job with a store is made of. */
export interface OutboxClientParts {
  /** With the durable link whose past is that of `birth`. */
  readonly connection: ConnectionOptions;
  readonly birth: OutboxBirth;
  readonly codec: RowCodec;
  readonly limits: LaneLimits;
  readonly retry: RetryStrategy;
  readonly owner: OutboxWriterOwner;
}

/** One client of a sink with its outbox. */
export class OutboxClient {
  readonly outbox: MqttOutbox;
  readonly client: LaneClient;

  constructor({ connection, birth, codec, limits, retry, owner }: OutboxClientParts) {
    this.outbox = new MqttOutbox({
      name: connection.clientId,
      birth,
      codec,
      publisher: () => this.client.session,
      limits,
      retry,
      owner,
    });
    this.client = new LaneClient({
      connection,
      lane: this.outbox.lane,
      retry,
      version: birth.version,
      owner: {
        connected: ({ limits }) => {
          owner.counters.resent.add(this.outbox.lane.inflight);
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
