import { PATIENCE_MS } from '../limits.js';
import { until } from '../until.js';
import type { Frame, FrameType } from './mqtt-frames.js';

/** Which side a packet comes from. */
export type Side = 'client' | 'server';
/** How a connection is cut: reset, or closed in an orderly way. */
export type CutKind = 'rst' | 'fin';

/** Aims a fault at packets. Counting begins when the fault is armed and goes on over connections. */
export interface PacketMatch {
  readonly from: Side;
  readonly type: FrameType | readonly FrameType[];
  /** The n-th matching packet, and its multiples up to `times`. Default 1. */
  readonly nth?: number;
  /** How often the fault fires. Default 1. */
  readonly times?: number;
  readonly where?: (frame: Frame) => boolean;
}

/** What becomes of a packet: what is forwarded instead, and whether the connection is cut then. */
export interface Verdict {
  readonly forward: readonly Uint8Array[];
  readonly cut?: CutKind;
}

/** A fault that waits for its packet. */
export interface Fault {
  /** How often it has fired. */
  readonly count: number;
  /** Resolves when it has fired `count` times (default 1): the proof that a test hit what it aims at. */
  fired(options?: { count?: number; timeoutMs?: number }): Promise<void>;
  /** It fires no more. */
  disarm(): void;
}

/** A fault as the proxy keeps it. */
export class ArmedFault implements Fault {
  readonly #match: PacketMatch;
  readonly #apply: (frame: Frame) => Verdict;
  #seen = 0;
  #count = 0;
  #armed = true;

  constructor(match: PacketMatch, apply: (frame: Frame) => Verdict) {
    this.#match = match;
    this.#apply = apply;
  }

  get count(): number {
    return this.#count;
  }

  get description(): string {
    return `the ${this.#match.nth ?? 1}. ${String(this.#match.type)} from the ${this.#match.from}`;
  }

  async fired({ count = 1, timeoutMs = PATIENCE_MS } = {}): Promise<void> {
    const what = () => `fault at ${this.description} fired ${count} times, did ${this.#count} (${this.#seen} seen)`;
    await until(() => this.#count >= count, { timeoutMs, what });
  }

  disarm(): void {
    this.#armed = false;
  }

  /** The verdict when the fault fires at this packet. */
  judge(from: Side, frame: Frame): Verdict | undefined {
    if (!this.#armed || !this.#matches(from, frame)) return undefined;
    this.#seen += 1;
    if (this.#seen % (this.#match.nth ?? 1) !== 0) return undefined;
    this.#count += 1;
    if (this.#count >= (this.#match.times ?? 1)) this.#armed = false;
    return this.#apply(frame);
  }

  #matches(from: Side, frame: Frame): boolean {
    const { type, where } = this.#match;
    const sameType = typeof type === 'string' ? frame.type === type : type.includes(frame.type);
    return from === this.#match.from && sameType && (where === undefined || where(frame));
  }
}
