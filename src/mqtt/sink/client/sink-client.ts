import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { DeadlineTimer } from '../../../internal/waiting/deadline-timer.js';
import type { ControlConnection } from '../../connection/conflict/control-connection.js';
import { Connection, type ConnectionListener } from '../../connection/connection.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { isConnectRefusal } from '../../connection/reconnect/is-connect-refusal.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { OutboundMessage } from '../../protocol/session/outbound-message.js';
import type { Session } from '../../protocol/session/session.js';
import type { ConnectedEvent, SessionEvent } from '../../protocol/session/session-event.js';
import type { ClientQueue } from '../queue/client-queue.js';
import type { ControlNews } from '../queue/poison-search.js';
import { reconnectByStrategy } from './reconnect-by-strategy.js';

/** Whom a client tells. */
export interface SinkClientOwner {
  /** CONNACK came; nothing has been published on the connection yet. */
  connected(event: ConnectedEvent): void;
  /** There may be room or progress. */
  changed(): void;
  /** Nothing more can be delivered. */
  failed(error: MillraceError): void;
}

/** What a client is made of. */
export interface SinkClientParts {
  /** Where its `autoReconnect` is false, `retry` drives it. */
  readonly connection: MqttConnectionOptions;
  /** Driven by this client alone. Its publisher is this client's `session`. */
  readonly queue: ClientQueue;
  /** Of connecting, where the connection does not do that itself. */
  readonly retry: RetryStrategy;
  /** Told after the queue; at CONNACK before it. */
  readonly owner: SinkClientOwner;
  /** In which messages are made before the first connection: that of the options, or of the session which a store knows. */
  readonly version: ProtocolVersion;
}

/**
 * One client of a sink: a queue with the connection, the clock and the timer it needs. What the connection tells goes to the queue first,
 * then the queue is pumped and written, and the owner is told last, so that it finds room and progress as they are afterwards. Only at
 * CONNACK is the owner first: a sender must know the epoch and the window before anything is published.
 *
 * The owner may call `stop` from wherever it is called. `flush` may be called while the connection hands out events: what it publishes is
 * written right after them, and what is known to have left the process is settled then (`#settleWritten`).
 */
export class SinkClient implements ConnectionListener {
  readonly #parts: SinkClientParts;
  readonly #connection: Connection;
  /** Beside the connection while the queue looks for the message at which the broker ends it (R20a). */
  readonly #control: ControlConnection;
  /** What it sends. */
  readonly queue: ClientQueue;
  readonly #timer = new DeadlineTimer(() => this.flush());
  readonly #closing = new AbortController();
  readonly #settleSoon = (): void => {
    this.#settling = false;
    this.#settleWritten();
  };
  #settling = false;
  #opened = false;
  #reconnecting = false;
  #version: ProtocolVersion;

  constructor(parts: SinkClientParts) {
    this.#parts = parts;
    this.#version = parts.version;
    this.#connection = new Connection(parts.connection, this);
    this.#control = this.#connection.control({
      onAccepted: () => this.#tellControl('accepted'),
      onEnd: ({ error, livedMs }) =>
        this.#tellControl(livedMs === undefined && isConnectRefusal(error) ? 'refused' : 'lost'),
    });
    this.queue = parts.queue;
  }

  /** One for its whole life. */
  get session(): Session {
    return this.#connection.session;
  }

  /**
   * That of the last connection, and before the first of this process that which it is to have: messages are made while a broker is away.
   */
  get version(): ProtocolVersion {
    return this.#version;
  }

  /** Connects; without auto-reconnect the retry strategy says whether a failure is final. */
  async open(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    try {
      await this.#connection.open(either);
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      if (this.#parts.connection.autoReconnect) throw error;
      await this.#reconnect(error, either);
    }
    this.#opened = true;
  }

  /** Publishes what the window takes, without writing it yet. */
  pump(): void {
    this.queue.pump(performance.now(), Date.now());
    this.#timer.set(this.queue.deadline());
  }

  /** Publishes what the window takes and writes it. */
  flush(): void {
    if (!this.#connection.connected) return;
    this.pump();
    this.#connection.flush();
    this.#settleWritten();
  }

  /** Nothing is published any more; the connection stays until `close`. */
  stop(): void {
    this.queue.stop();
    this.#timer.stop();
    this.#control.stop();
  }

  /** What is in flight stays with the broker's session, and in an outbox. */
  async close(): Promise<void> {
    this.stop();
    this.#closing.abort();
    await this.#connection.close();
  }

  onSessionEvents(events: readonly SessionEvent[]): void {
    this.queue.handleEvents(events, performance.now());
    this.#pumpAndTell();
    if (this.#control.running) this.#syncControl();
  }

  onConnected(event: ConnectedEvent): void {
    this.#version = event.version;
    this.#parts.owner.connected(event);
    this.queue.handleConnected(this.#version, performance.now());
    this.#syncControl();
    this.#pumpAndTell();
  }

  onSubscribed(): void {}

  onDisconnected(error: MillraceError): void {
    this.#timer.stop();
    this.queue.handleDisconnected(error, performance.now());
    this.#syncControl();
    this.#parts.owner.changed();
    if (!this.#opened || this.#reconnecting || this.#parts.connection.autoReconnect) return;
    this.#reconnect(error, this.#closing.signal).catch((failure: unknown) => {
      if (!this.#closing.signal.aborted) this.#parts.owner.failed(MillraceError.from(failure));
    });
  }

  onSessionLost(givenUp: readonly OutboundMessage[]): void {
    this.queue.handleSessionLost(givenUp);
    this.#parts.owner.changed();
  }

  onFailed(error: MillraceError): void {
    if (this.#opened) this.#parts.owner.failed(error);
  }

  onDrain(): void {
    this.#settleWritten();
    this.#pumpAndTell();
  }

  #syncControl(): void {
    if (this.queue.wantsControl && !this.#closing.signal.aborted) {
      this.queue.handleControl('opening', performance.now());
      this.#control.start(this.#connection.place);
    } else if (this.#control.running && !this.queue.usesControl) {
      this.#control.stop();
      this.queue.handleControl('stopped', performance.now());
    }
  }

  #tellControl(news: ControlNews): void {
    this.queue.handleControl(news, performance.now());
    this.#pumpAndTell();
  }

  async #reconnect(error: MillraceError, signal: AbortSignal): Promise<void> {
    this.#reconnecting = true;
    try {
      await reconnectByStrategy(this.#connection, { error, retry: this.#parts.retry, signal });
    } finally {
      this.#reconnecting = false;
    }
  }

  #pumpAndTell(): void {
    this.flush();
    this.#parts.owner.changed();
  }

  /** Called while the connection hands out events, `flush` has written nothing yet: then it is asked again right after. */
  #settleWritten(): void {
    if (!this.queue.hasUnwritten || this.#connection.bufferedBytes > 0) return;
    if (!this.#connection.session.hasOutput) {
      this.queue.handleWritten();
      this.#parts.owner.changed();
    } else if (!this.#settling) {
      this.#settling = true;
      queueMicrotask(this.#settleSoon);
    }
  }
}
