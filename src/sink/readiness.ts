import type { MillraceError } from '../errors/millrace-error.js';

/** One promise at a time for "something happened": the `ready` of a connector. */
export class Readiness {
  #resolve: (() => void) | undefined;
  #reject: ((error: MillraceError) => void) | undefined;

  get awaited(): boolean {
    return this.#resolve !== undefined;
  }

  /** Resolves at the next `notify`, rejects at `fail`. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  notify(): void {
    const resolve = this.#resolve;
    this.#forget();
    resolve?.();
  }

  fail(error: MillraceError): void {
    const reject = this.#reject;
    this.#forget();
    reject?.(error);
  }

  #forget(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}
