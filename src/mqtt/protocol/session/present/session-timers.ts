import type { SessionOptions } from '../session-options.js';
import { PeerTimer } from './peer-timer.js';

/** What the server did not do in time. */
export type Silence = 'CONNACK' | 'AUTH' | 'PINGRESP' | 'acknowledgement';

/** Bytes of a packet still incomplete that show a peer alive on a slow link; a byte now and then does not. */
const PROGRESS_BYTES = 4096;

/**
 * Milliseconds without a packet of ours, for each second of keep-alive, after which a PINGREQ goes out: three quarters. What cuts
 * idle connections is often set to the same round number, and at the interval itself both would race.
 */
const PING_MS_PER_SECOND = 750;

/**
 * All deadlines of a connection, as numbers. Commands carry no clock, so something written by one counts as written at the
 * last instant known before: a PINGREQ may come early, never late [MQTT-3.1.2-20].
 */
export class SessionTimers {
  readonly #ackTimeoutMs: number;
  readonly #connack: PeerTimer;
  /** From AUTH 0x19 to AUTH 0x00. */
  readonly #auth: PeerTimer;
  readonly #pingresp: PeerTimer;
  readonly #ack: PeerTimer;
  #now = 0;
  /** 0: no PINGREQ. */
  #pingAfterMs = 0;
  #lastSent = 0;
  #packets = 0;
  #unmarkedBytes = 0;
  #listening = true;
  #active = false;

  constructor(options: SessionOptions) {
    this.#ackTimeoutMs = options.ackTimeoutMs;
    this.#connack = new PeerTimer(options.connackTimeoutMs);
    this.#auth = new PeerTimer(options.connackTimeoutMs);
    this.#pingresp = new PeerTimer(options.pingrespTimeoutMs);
    this.#ack = new PeerTimer(options.ackTimeoutMs);
  }

  /** CONNECT was written. */
  connecting(now: number, packets: number): void {
    this.stop();
    this.#now = now;
    this.#lastSent = now;
    this.#packets = packets;
    this.#listening = true;
    this.#active = true;
    this.#connack.start(now);
  }

  /** CONNACK came; `keepAlive` in seconds is the one that binds. */
  connected(keepAlive: number): void {
    this.#connack.stop();
    this.#pingAfterMs = keepAlive * PING_MS_PER_SECOND;
  }

  /** The connection is over. */
  stop(): void {
    this.#connack.stop();
    this.#auth.stop();
    this.#pingresp.stop();
    this.#ack.stop();
    this.#pingAfterMs = 0;
    this.#unmarkedBytes = 0;
    this.#active = false;
  }

  /** Takes the time in, before anything is done at it. `packets` counts what was ever written. */
  observe(now: number, packets: number): void {
    if (packets !== this.#packets) {
      this.#packets = packets;
      this.#lastSent = this.#now;
    }
    this.#now = now;
  }

  /** `bytes` arrived and made up `packets` packets: whoever sends is alive, whatever is still behind it. */
  heard(bytes: number, packets: number): void {
    this.#unmarkedBytes += bytes;
    if (packets === 0 && this.#unmarkedBytes < PROGRESS_BYTES) return;
    this.#unmarkedBytes = 0;
    this.#pingresp.restart(this.#now);
  }

  pingAnswered(): void {
    this.#pingresp.stop();
  }

  pingSent(): void {
    this.#lastSent = this.#now;
    // the first that is unanswered counts: another one gives the server no more time
    if (!this.#pingresp.running) this.#pingresp.start(this.#now);
  }

  /** AUTH 0x19 is written. */
  reauthenticating(): void {
    this.#auth.start(this.#now);
  }

  /** AUTH 0x00 came. */
  reauthenticated(): void {
    this.#auth.stop();
  }

  /** R21: the watchdog runs while the broker owes something, from the last thing it gave. */
  watchAcks(owed: number, progress: boolean): void {
    if (owed === 0) this.#ack.stop();
    else if (progress || !this.#ack.running) this.#ack.start(this.#now);
  }

  /** While nobody reads, the server cannot be heard, so its silence means nothing. */
  setListening(listening: boolean): void {
    if (listening === this.#listening) return;
    this.#listening = listening;
    if (!listening) return;
    this.#connack.restart(this.#now);
    this.#auth.restart(this.#now);
    this.#pingresp.restart(this.#now);
    this.#ack.restart(this.#now);
  }

  get pingDue(): boolean {
    return this.#now >= this.#pingAt;
  }

  /** What the server has failed to do for too long. */
  silence(): Silence | undefined {
    if (!this.#listening) return undefined;
    if (this.#connack.expired(this.#now)) return 'CONNACK';
    if (this.#auth.expired(this.#now)) return 'AUTH';
    if (this.#pingresp.expired(this.#now)) return 'PINGRESP';
    return this.#ack.expired(this.#now) ? 'acknowledgement' : undefined;
  }

  /** When to look again. With something owed since a command, the watchdog is not wound yet: then early enough to wind it. */
  deadline(owed: number): number {
    if (!this.#active) return Number.POSITIVE_INFINITY;
    if (!this.#listening) return this.#pingAt;
    const unwound = owed > 0 && !this.#ack.running ? this.#now + this.#ackTimeoutMs : Number.POSITIVE_INFINITY;
    return Math.min(this.#pingAt, unwound, this.#connack.at, this.#auth.at, this.#pingresp.at, this.#ack.at);
  }

  get #pingAt(): number {
    return this.#pingAfterMs > 0 ? this.#lastSent + this.#pingAfterMs : Number.POSITIVE_INFINITY;
  }
}
