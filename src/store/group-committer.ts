import { type Deferred, deferred } from '../internal/deferred.js';

interface Waiting<T> {
  readonly commit: T;
  readonly bytes: number;
  readonly done: Deferred<void>;
}

/**
 * Puts commits in a line: one group is written at a time, and all that come meanwhile make up the next one and share its fsync.
 *
 * Invariant 1: groups are written in the order of the calls, and a commit is never split over two of them.
 * Invariant 2 (R13): after the first failed write nothing is written again; every commit that waits and every later one rejects
 * with the error of that write.
 */
export class GroupCommitter<T> {
  readonly #write: (group: readonly T[]) => Promise<void>;
  readonly #maxGroupBytes: number;
  /** In the order of the calls; those of the group that is written are not among them. */
  #waiting: Waiting<T>[] = [];
  /** Undefined while nothing is to be written. Never rejects. */
  #running: Promise<void> | undefined;
  /** In a record, since anything can be thrown, undefined too. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param write makes a group durable, all of it or nothing
   * @param maxGroupBytes a group gets no further commit that takes it above this; a single one may be larger
   */
  constructor(write: (group: readonly T[]) => Promise<void>, maxGroupBytes: number) {
    this.#write = write;
    this.#maxGroupBytes = maxGroupBytes;
  }

  /** Resolves when it is durable. @param bytes its size */
  commit(commit: T, bytes: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const done = deferred<void>();
    this.#waiting.push({ commit, bytes, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Resolves when nothing is under way any more. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Calls of the same turn share the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeGroup(this.#takeGroup());
    this.#running = undefined;
  }

  async #writeGroup(group: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.#write(group.map(({ commit }) => commit));
      for (const { done } of group) done.resolve();
    } catch (error) {
      this.#failure = { error };
      // those that wait as well: on the same file nothing is tried again (R13)
      for (const { done } of [...group, ...this.#waiting]) done.reject(error);
      this.#waiting = [];
    }
  }

  #takeGroup(): Waiting<T>[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > this.#maxGroupBytes) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
