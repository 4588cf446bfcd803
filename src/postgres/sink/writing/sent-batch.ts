/** A batch that was sent, and what became of it. */
export class SentBatch<R> {
  /** The oldest row first. */
  readonly rows: readonly R[];
  /** By `performance.now()`. */
  readonly sentMs = performance.now();
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>;
  /** By `performance.now()`; undefined as long as it has not ended. */
  endedMs: number | undefined;
  /** Set when it has failed. */
  failure: { readonly thrown: unknown } | undefined;

  /** @param onEnded called once */
  constructor(rows: readonly R[], work: Promise<void>, onEnded: () => void) {
    this.rows = rows;
    this.ended = work
      .catch((thrown: unknown) => {
        this.failure = { thrown };
      })
      .then(() => {
        this.endedMs = performance.now();
        onEnded();
      });
  }
}
