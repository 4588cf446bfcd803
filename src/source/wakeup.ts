/** One waiter that is woken or failed. No promise is made while nobody waits. */
export class Wakeup {
  #resolve: (() => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** To be called again only after the last promise has settled. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  wake(): void {
    this.#resolve?.();
    this.#forget();
  }

  fail(error: unknown): void {
    this.#reject?.(error);
    this.#forget();
  }

  #forget(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}
