/** A promise for "something happened", made only while somebody waits: the `ready` of a connector. */
export class Readiness {
  #promise: Promise<void> | undefined;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  get awaited(): boolean {
    return this.#promise !== undefined;
  }

  /** Resolves at the next `notify`, rejects at `fail`; until then it is the same promise. */
  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    return this.#promise;
  }

  notify(): void {
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
