/** Lets one loop sleep until it is woken. A wake-up while nobody sleeps is kept, and any number of them count as one. */
export class WakeUpLatch {
  #woken = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.();
  }

  /** Resolves at the next wake-up, at once when one is kept. Only one caller may wait at a time. */
  async wait(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#woken = false;
  }
}
