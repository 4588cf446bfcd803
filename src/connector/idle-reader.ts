import type { Polled, SourceReader, SourceSnapshot } from './source-reader.js';

/** What stands for a source in a partition to which nothing of it comes: it has nothing, and has ended. */
export class IdleReader implements SourceReader<never> {
  poll(): Polled<never> {
    return { items: [], timestampMs: 0, first: 1, last: 0, bytes: 0, rejected: [], done: true };
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  snapshot(): SourceSnapshot {
    return { mark: 0, state: undefined };
  }

  committed(): void {}

  async close(): Promise<void> {}
}
