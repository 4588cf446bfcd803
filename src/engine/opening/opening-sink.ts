/** A sink of a durable job: it takes rows from the start, and delivers them once it is open. */
export class OpeningSink {
  readonly sink: string;
  /** Rejects when it never will be open. */
  readonly opened: Promise<void>;
  #isOpen = false;

  constructor(sink: string, opened: Promise<void> | undefined) {
    this.sink = sink;
    this.opened = opened ?? Promise.resolve();
    this.opened.then(
      () => {
        this.#isOpen = true;
      },
      () => {},
    );
  }

  /** False for one that never will be, too. */
  get isOpen(): boolean {
    return this.#isOpen;
  }
}
