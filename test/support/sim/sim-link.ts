import type { SeededRandom } from '../seeded-random.js';
import type { SimClock } from './sim-clock.js';

/** One end of a link. */
export interface LinkEnd {
  receive(bytes: Uint8Array): void;
  /** Nothing comes any more. */
  ended(): void;
}

/** Milliseconds that a portion of bytes takes. */
export interface LinkSpeed {
  readonly minMs: number;
  readonly maxMs: number;
}

const NOTHING = new Uint8Array(0);

/** Of a link, seen from the client. */
export type LinkDirection = 'up' | 'down' | 'both';

/** One direction: bytes on their way, which arrive in portions of any size, in order. */
class Pipe {
  bytes: Uint8Array = NOTHING;
  moving = false;
  stalled = false;
}

/** A connection: two pipes that move bytes in any portions with any delays, can stall, and break at any byte. */
export class SimLink {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #speed: LinkSpeed;
  readonly #up = new Pipe();
  readonly #down = new Pipe();
  #client: LinkEnd | undefined;
  #broker: LinkEnd | undefined;
  /** Told when the client writes first. */
  onFirstWrite: () => void = () => {};

  constructor(clock: SimClock, random: SeededRandom, speed: LinkSpeed) {
    this.#clock = clock;
    this.#random = random;
    this.#speed = speed;
  }

  attach(client: LinkEnd, broker: LinkEnd): void {
    this.#client = client;
    this.#broker = broker;
  }

  get alive(): boolean {
    return this.#client !== undefined || this.#broker !== undefined;
  }

  /** The client has not gone: what is written can arrive. */
  get hasClient(): boolean {
    return this.#client !== undefined;
  }

  /** Whether bytes are on their way. */
  get busy(): boolean {
    return this.#up.bytes.length > 0 || this.#down.bytes.length > 0;
  }

  toBroker(chunks: readonly Uint8Array[]): void {
    if (this.#client === undefined || chunks.length === 0) return;
    const tell = this.onFirstWrite;
    this.onFirstWrite = () => {};
    tell();
    this.#write(this.#up, chunks, () => this.#broker);
  }

  toClient(chunks: readonly Uint8Array[]): void {
    if (this.#broker === undefined || chunks.length === 0) return;
    this.#write(this.#down, chunks, () => this.#client);
  }

  /** Nothing moves there until `resume`; nobody is told. */
  stall(direction: LinkDirection = 'both'): void {
    if (direction !== 'down') this.#up.stalled = true;
    if (direction !== 'up') this.#down.stalled = true;
  }

  resume(): void {
    this.#up.stalled = false;
    this.#down.stalled = false;
    this.#move(this.#up, () => this.#broker);
    this.#move(this.#down, () => this.#client);
  }

  /** The network breaks: of what was on its way some arrives and the rest is lost. Each end is told, the broker perhaps later. */
  cut(): void {
    this.#flushSome(this.#down, this.#client);
    this.#lose();
  }

  /** The network breaks, and nothing that was on its way arrives. */
  sever(): void {
    this.#up.bytes = NOTHING;
    this.#down.bytes = NOTHING;
    this.#lose();
  }

  #lose(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.ended();
    this.#closeBroker();
  }

  /** The client's process is gone, or it gave the connection up: what it had written may still arrive. */
  clientGone(): void {
    this.#client = undefined;
    this.#closeBroker();
  }

  /** The broker closed the connection, or is gone: what it had written may still arrive, what it has not read is lost. */
  brokerGone(): void {
    if (this.#broker === undefined) return;
    this.#broker = undefined;
    this.#flushSome(this.#down, this.#client);
    const client = this.#client;
    this.#client = undefined;
    client?.ended();
  }

  #closeBroker(): void {
    if (this.#broker === undefined) return;
    if (this.#random.chance(0.5)) {
      this.#endBroker();
      return;
    }
    // half-open: the broker notices later, or when the client comes back (takeover)
    this.#clock.after(this.#random.next() * 2000, () => this.#endBroker());
  }

  #endBroker(): void {
    const broker = this.#broker;
    if (broker === undefined) return;
    this.#flushSome(this.#up, broker);
    this.#broker = undefined;
    broker.ended();
  }

  #flushSome(pipe: Pipe, end: LinkEnd | undefined): void {
    const { bytes } = pipe;
    pipe.bytes = NOTHING;
    const count = pipe.stalled ? 0 : this.#portion(bytes.length);
    if (count > 0) end?.receive(bytes.slice(0, count));
  }

  #write(pipe: Pipe, chunks: readonly Uint8Array[], end: () => LinkEnd | undefined): void {
    pipe.bytes = new Uint8Array(Buffer.concat([pipe.bytes, ...chunks]));
    this.#move(pipe, end);
  }

  #move(pipe: Pipe, end: () => LinkEnd | undefined): void {
    if (pipe.moving || pipe.bytes.length === 0) return;
    pipe.moving = true;
    const { minMs, maxMs } = this.#speed;
    this.#clock.after(minMs + this.#random.next() * (maxMs - minMs), () => {
      pipe.moving = false;
      if (pipe.stalled || pipe.bytes.length === 0) return;
      const count = Math.max(1, this.#portion(pipe.bytes.length));
      const bytes = pipe.bytes.slice(0, count);
      pipe.bytes = pipe.bytes.subarray(count);
      this.#move(pipe, end);
      end()?.receive(bytes);
    });
  }

  #portion(length: number): number {
    return this.#random.chance(0.6) ? length : this.#random.below(length + 1);
  }
}
