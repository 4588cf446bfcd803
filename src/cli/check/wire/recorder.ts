import { MillraceError } from '../../../errors/index.js';
import type { Trace } from '../verdict/trace.js';

/** Keeps what happens on the connections of a probe, for who waits for it and for the verdict. A probe makes some hundred packets. */
export class Recorder {
  readonly #events: Trace[number][] = [];
  readonly #looks = new Set<() => void>();
  readonly #waitMs: number;
  readonly #signal: AbortSignal;

  /** @param waitMs how long what should come is waited for */
  constructor(waitMs: number, signal: AbortSignal) {
    this.#waitMs = waitMs;
    this.#signal = signal;
  }

  get trace(): Trace {
    return this.#events;
  }

  add(event: Trace[number]): void {
    this.#events.push(event);
    for (const look of this.#looks) look();
  }

  /** Whether it has come, in time. Rejects with ABORTED. */
  until(hasCome: () => boolean, waitMs = this.#waitMs): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        this.#signal.removeEventListener('abort', onAbort);
        settle();
      };
      const look = (): void => {
        if (hasCome()) end(() => resolve(true));
      };
      const onAbort = (): void => end(() => reject(aborted()));
      const timer = setTimeout(() => end(() => resolve(false)), waitMs);
      this.#looks.add(look);
      this.#signal.addEventListener('abort', onAbort);
      if (this.#signal.aborted) onAbort();
      else look();
    });
  }

  /** A while in which nothing is waited for. */
  async pause(ms: number): Promise<void> {
    await this.until(() => false, ms);
  }
}

const aborted = (): MillraceError => new MillraceError('ABORTED', 'the check was stopped');
