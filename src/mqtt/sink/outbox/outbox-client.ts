import type { CommitUrgency, OutboxRow, OutboxSender, OutboxSnapshot } from '../../../connector/durable-sink.js';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { maxInflightOf } from '../../connection/connect-request.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { SinkClient } from '../client/sink-client.js';
import type { QueueLimits } from '../options/queue-limits.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { MqttOutboxSender } from './sender/mqtt-outbox-sender.js';
import type { OutboxBirth } from './sender/restore-outbox.js';
import type { RowCodec } from './sender/row-codec.js';
import type { SenderOwner } from './sender/sender-owner.js';

/** Whom a client with an outbox tells. */
export interface OutboxClientOwner extends SenderOwner {
  /** What only outboxes count. */
  readonly counters: OutboxMetrics;
  /** There may be room, or a wish to commit. */
  changed(): void;
}

/** What a client with an outbox is made of. */
export interface OutboxClientParts {
  /** With the past that is that of `birth`. */
  readonly connection: MqttConnectionOptions;
  /** What the store had of it. */
  readonly birth: OutboxBirth;
  /** The same that the writer encodes by. */
  readonly codec: RowCodec;
  /** Of what waits in memory; the rest stays in the store until it is offered. */
  readonly limits: QueueLimits;
  /** Of refused messages and, without auto-reconnect, of connecting. */
  readonly retry: RetryStrategy;
  readonly owner: OutboxClientOwner;
}

/** One client of a sink with its outbox, as an engine drives it. The sender is pure: the clock that it needs is read here. */
export class OutboxClient implements OutboxSender {
  readonly name: string;
  readonly sender: MqttOutboxSender;
  readonly client: SinkClient;
  /** The engine has given it something since the last `flush`. */
  #given = false;

  constructor({ connection, birth, codec, limits, retry, owner }: OutboxClientParts) {
    this.name = connection.clientId;
    const publisher = () => this.client.session;
    this.sender = new MqttOutboxSender({ name: this.name, birth, codec, publisher, limits, retry, owner });
    const { queue } = this.sender;
    this.client = new SinkClient({
      connection,
      queue,
      retry,
      version: connection.version ?? birth.version ?? 5,
      owner: {
        connected: ({ limits: { receiveMaximum } }) => {
          // nothing was published on this connection yet, so that all of it is from before
          owner.counters.resent.add(queue.inflight);
          // a session that the marker disproves is one epoch further than its CONNACK says
          const { epoch } = this.client.session;
          const window = Math.min(receiveMaximum, maxInflightOf(connection, this.client.version));
          this.sender.handleConnected({ epoch, window });
        },
        changed: () => owner.changed(),
        failed: (error) => owner.failed(error),
      },
    });
    // not before: the session is made with the client's connection
    this.sender.begin(performance.now());
    owner.counters.inDoubtDropped.add(birth.dropped);
  }

  get next(): number {
    return this.sender.next;
  }

  get urgency(): CommitUrgency {
    return this.sender.urgency;
  }

  get awaited(): number {
    return this.sender.awaited;
  }

  offer(rows: readonly OutboxRow[]): number {
    this.#given = true;
    return this.sender.offer(rows, performance.now(), Date.now());
  }

  snapshot(end: number): OutboxSnapshot {
    return this.sender.snapshot(end);
  }

  committed(mark: number): void {
    this.#given = true;
    this.sender.committed(mark);
  }

  /** Lets out what the engine has given, and what waits where there is room. What the broker answers the client sees by itself. */
  flush(): void {
    if (!this.#given && !this.sender.queue.hasWork) return;
    this.#given = false;
    this.client.flush();
  }

  /** What is in flight is settled and durable before the sink fails. */
  failOnceSettled(error: MillraceError): void {
    this.sender.failOnceSettled(error, performance.now());
  }
}
