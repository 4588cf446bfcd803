import { MillraceError } from '../../errors/millrace-error.js';
import { DeadlineTimer } from '../../internal/waiting/deadline-timer.js';
import type { Counter } from '../../metrics/metrics.js';
import type { Properties } from '../protocol/properties.js';
import type { Session } from '../protocol/session/session.js';
import type { SessionEvent } from '../protocol/session/session-event.js';
import type { ConnectRequest } from '../protocol/session/session-options.js';
import type { Authenticator } from './authentication/authenticator.js';
import type { Transport, TransportEnd } from './transport/transport.js';

/**
 * Bytes waiting in the socket above which nothing more is read: a peer that sends but does not read must not grow our
 * answers without bound. Far above any window of acknowledgements.
 */
const CONGESTED_BYTES = 16 * 1024 * 1024;
/** A timer this late says that this process did not run. */
const STALLED_MS = 500;
/** How long a DISCONNECT may take to leave on a connection that is given up. */
const GOODBYE_MS = 1000;

/** How a link ended. */
export interface LinkEnd {
  /** From the server's DISCONNECT, the network, a deadline, or as `giveUp` was told. */
  readonly error: MillraceError;
  /** The server closed the connection in order and said nothing of why. */
  readonly byFin: boolean;
}

/** Who is told what happens on a link. Nothing comes after `onEnd`. */
export interface LinkListener {
  /** In order; without `close`. */
  onEvents(events: readonly SessionEvent[]): void;
  /** The socket took everything that waited. */
  onDrain(): void;
  /** It is over, by the peer, the network, a deadline or `giveUp`. Called once, or not at all after `close` or `destroy`. */
  onEnd(end: LinkEnd): void;
}

/** What a link is made of. */
export interface LinkParts {
  /** It outlives the link, and has no other one meanwhile. */
  readonly session: Session;
  /** It is the link's from here on, to close or to destroy. */
  readonly transport: Transport;
  /** Only for a CONNECT that names an authentication method. */
  readonly authenticator?: Authenticator | undefined;
  /** How long the server may take no bytes while some wait. */
  readonly writeTimeoutMs: number;
  /** Called from the middle of `pump`, and by the transport. */
  readonly listener: LinkListener;
  /** Counts bytes from the server. */
  readonly received: Counter;
  /** Counts bytes to the server, when they are given to the transport. */
  readonly sent: Counter;
}

/**
 * Drives a Session over one Transport until that ends: bytes in and out, events in the same turn, one timer. It owns the transport and
 * the exchange of an enhanced authentication; the session is lent.
 *
 * Order of calls: `start` once; then any of `pump`, `setReading`; at last one of `close`, `destroy` or `giveUp`, or none of them when
 * the other side ends it. What the session is told by others in between goes out with the next `pump`.
 *
 * LI1. Over is over: the session has then been told `connectionLost`, the timer is stopped, and nothing is read, written or told.
 * LI2. `onEnd` is called at most once, as the last call, and never for an end that the owner asked for by `close` or `destroy`.
 * LI3. What has arrived is handled before a deadline is judged, and before the end of the transport is told.
 * LI4. Output is written after the events that were there before it are delivered, so that what they caused leaves in one write.
 * LI5. Nothing is read while more waits to be written than `CONGESTED_BYTES`, or while the session is congested.
 *
 * May re-enter: a listener may call anything here amid `onEvents` and `onDrain`. `pump` within `pump` only asks for one more round; an end
 * within it is seen by each step after it (`#over`).
 */
export class Link {
  readonly #parts: LinkParts;
  readonly #timer = new DeadlineTimer((lateMs) => this.#onDeadline(lateMs));
  #over = false;
  /** No write counts as stalled before this: this process itself was stalled. */
  #excusedUntil = 0;
  #pumping = false;
  #again = false;
  #wantsReading = true;
  #reading = true;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Sends CONNECT and begins to read. A CONNECT that must not be sent cuts the connection and throws. */
  start(request: ConnectRequest): void {
    // before anything can come that it has to answer
    this.#parts.authenticator?.attach({
      session: this.#parts.session,
      pump: () => this.pump(),
      giveUp: (error, reasonCode) => this.giveUp(error, reasonCode),
    });
    try {
      this.#parts.session.connect(request, performance.now());
    } catch (error) {
      this.destroy();
      throw error;
    }
    // with CONNECT in the session, for what has come before now is reported at once, the end included
    this.#parts.transport.start({
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => this.#onDrain(),
      onEnd: (end) => this.#onTransportEnd(end),
    });
    this.pump();
  }

  /** Bytes that wait in the socket and above it. */
  get bufferedBytes(): number {
    return this.#parts.transport.bufferedBytes;
  }

  /** Hands out events and writes output until there is none, so that what the events caused leaves in the same write. */
  pump(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        this.#deliver();
        this.#write();
      } while (this.#again && !this.#over);
    } finally {
      this.#pumping = false;
    }
    this.#updateReading();
    this.#arm();
  }

  /** Stops or resumes reading. Keep-alive goes on. */
  setReading(reading: boolean): void {
    this.#wantsReading = reading;
    this.#updateReading();
  }

  /** Gives the connection up because of an error of ours; with a reason code the server is told by a DISCONNECT, which has `properties`. */
  giveUp(error: MillraceError, reasonCode?: number, properties?: Properties): void {
    if (this.#over) return;
    if (reasonCode !== undefined) this.#parts.session.disconnect(reasonCode, properties);
    // what was to go out before it, and the DISCONNECT
    this.#writeRest();
    this.#end({ error, byFin: false });
  }

  /** After a DISCONNECT was put into the session: lets it leave and closes. `onEnd` is not called. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#over) return;
    this.#writeRest();
    this.#over = true;
    this.#release();
    this.#parts.session.connectionLost(performance.now());
    await this.#parts.transport.close(timeoutMs);
  }

  /** Cuts the connection. `onEnd` is not called. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    this.#parts.session.connectionLost(performance.now());
    this.#parts.transport.destroy();
  }

  #onData(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#parts.received.add(bytes.length);
    this.#parts.session.receive(bytes, performance.now());
    this.pump();
  }

  #onDrain(): void {
    if (this.#over) return;
    this.#updateReading();
    this.#parts.listener.onDrain();
  }

  #onTransportEnd(end: TransportEnd): void {
    if (this.#over) return;
    // LI3: what the server said before it may be the better reason
    this.pump();
    this.#end({ error: end.error, byFin: end.how === 'fin' });
  }

  #deliver(): void {
    while (!this.#over) {
      // again until there are none: what a listener does makes others
      const events = this.#parts.session.takeEvents();
      if (events.length === 0) return;
      // nothing comes after it
      const last = events.at(-1);
      const close = last?.type === 'close' ? last : undefined;
      const told = close === undefined ? events : events.slice(0, -1);
      this.#parts.authenticator?.handle(told);
      if (told.length > 0) this.#parts.listener.onEvents(told);
      if (close !== undefined && !this.#over) {
        this.#writeRest();
        this.#end({ error: close.error, byFin: close.inOrder });
      }
    }
  }

  #write(): void {
    if (this.#over || !this.#parts.session.hasOutput) return;
    this.#writeRest();
  }

  #writeRest(): void {
    const chunks = this.#parts.session.takeOutput();
    if (chunks.length === 0) return;
    this.#parts.transport.write(chunks);
    this.#parts.sent.add(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  }

  #updateReading(): void {
    const { session } = this.#parts;
    const reading = this.#wantsReading && this.bufferedBytes < CONGESTED_BYTES && !session.congested;
    if (this.#over || reading === this.#reading) return;
    this.#reading = reading;
    // its silence means nothing while nobody reads
    session.setReading(reading, performance.now());
    this.#parts.transport.setReading(reading);
    this.#arm();
  }

  #arm(): void {
    if (!this.#over) this.#timer.set(Math.min(this.#parts.session.deadline(), this.#stallDeadline()));
  }

  #stallDeadline(): number {
    if (this.bufferedBytes === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.#parts.transport.progressAt + this.#parts.writeTimeoutMs, this.#excusedUntil);
  }

  /** What has already arrived is read first: after a stall of this process the peer must not look silent. */
  #onDeadline(lateMs: number): void {
    if (lateMs > STALLED_MS) this.#excusedUntil = performance.now() + this.#parts.writeTimeoutMs;
    setImmediate(() => this.#checkDeadlines());
  }

  #checkDeadlines(): void {
    if (this.#over) return;
    const now = performance.now();
    if (now >= this.#stallDeadline()) {
      const text = `the server took no bytes for ${this.#parts.writeTimeoutMs} ms`;
      this.#end({ error: new MillraceError('TIMEOUT', text, { details: { timeout: 'write' } }), byFin: false });
      return;
    }
    if (now >= this.#parts.session.deadline()) this.#parts.session.handleTimeout(now);
    this.pump();
  }

  #release(): void {
    this.#timer.stop();
    this.#parts.authenticator?.end();
  }

  #end(end: LinkEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    // before the listener, who asks it how the connection ended
    this.#parts.session.connectionLost(performance.now());
    // in order, for a DISCONNECT may be on its way; nobody waits for it
    void this.#parts.transport.close(GOODBYE_MS);
    this.#parts.listener.onEnd(end);
  }
}
