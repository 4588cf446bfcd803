import type { Figures } from './contender.js';
import { NumberedMessages } from './numbered-messages.js';

/** The stream of a latency run. */
export interface PacedStreamOptions {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  readonly messages: number;
  /** So many at the beginning are not counted: little is compiled yet. */
  readonly warmUp: number;
}

/** Publishes at a steady rate, and notes how long each message took. */
export class PacedStream {
  readonly #options: PacedStreamOptions;
  readonly #messages: NumberedMessages;
  readonly #latencies: number[] = [];
  #seen = 0;
  #finished: () => void = () => {};

  static async open(options: PacedStreamOptions): Promise<PacedStream> {
    return new PacedStream(options, await NumberedMessages.open(options.from, options.to));
  }

  private constructor(options: PacedStreamOptions, messages: NumberedMessages) {
    this.#options = options;
    this.#messages = messages;
    messages.onSeen = (number, sentAtMs) => this.#see(number, sentAtMs);
  }

  /** The first message goes out alone: when it has come, the bridge runs, and the pace begins. */
  start(): void {
    this.#messages.publishUpTo(1);
  }

  /** Resolves when all have come. */
  async finish(): Promise<Figures> {
    if (this.#seen < this.#options.messages) {
      await new Promise<void>((resolve) => {
        this.#finished = resolve;
      });
    }
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }

  close(): void {
    this.#messages.close();
  }

  /** A timer has a resolution of a millisecond: at 5,000 messages a second five go out together. */
  #beginPace(): void {
    const startedAt = performance.now();
    const { perSecond, messages } = this.#options;
    const timer = setInterval(() => {
      const due = 1 + Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
      this.#messages.publishUpTo(Math.min(messages, due));
      if (this.#messages.sent === messages) clearInterval(timer);
    }, 1);
  }

  #see(number: number, sentAtMs: number): void {
    this.#seen += 1;
    if (this.#seen === 1) this.#beginPace();
    if (number >= this.#options.warmUp) this.#latencies.push(performance.now() - sentAtMs);
    if (this.#seen === this.#options.messages) this.#finished();
  }
}
