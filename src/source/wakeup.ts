/** What one waiter waits for. Asked again while it waits, it gets the same promise; none is made while nobody waits. */
export class Wakeup {
  #promise: Promise<void> | undefined;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    return this.#promise;
  }

  wake(): void {
    if (this.#promise === undefined) return;
    this.#promise = undefined;
    this.#resolve();
  }

  fail(error: unknown): void {
    if (this.#promise === undefined) return;
    this.#promise = undefined;
    this.#reject(error);
  }
}
