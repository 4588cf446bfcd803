import type { Bucket, BucketEntry, BucketEvent } from '../members/bucket.js';

/** What a memory bucket does on somebody's behalf: to ask for something, to answer it, or to tell a watch. */
export type MemoryStep = 'ask' | 'answer' | 'tell';

/**
 * How a step is done: now, later, or never. Undefined: now. What is told has to keep its order; what is asked and answered needs not.
 * The key is that of what is asked and answered.
 */
export type MemoryPace = (step: MemoryStep, go: () => void, key: string | undefined) => void;

/** What all buckets of a memory are views of. */
export class MemoryEntries {
  readonly #entries = new Map<string, BucketEntry>();
  readonly #listeners = new Set<(entry: BucketEntry) => void>();
  #revision = 0;

  /** @returns the revision; undefined when the key has another than the expected one */
  put(key: string, value: Uint8Array | undefined, expected?: number): number | undefined {
    if (expected !== undefined && (this.#entries.get(key)?.revision ?? 0) !== expected) return undefined;
    this.#revision++;
    const entry = { key, value, revision: this.#revision };
    // what was changed last comes last
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const listener of this.#listeners) listener(entry);
    // a listener may have put something itself
    return entry.revision;
  }

  get(key: string): BucketEntry | undefined {
    return this.#entries.get(key);
  }

  /** Tells what is there, calls `caughtUp`, and tells what comes. */
  follow(listener: (entry: BucketEntry) => void, caughtUp: () => void): () => void {
    for (const entry of this.#entries.values()) listener(entry);
    caughtUp();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** One node's way to entries that are in the memory of the process, as slow and as broken as its pace has it. */
export class MemoryBucket implements Bucket {
  readonly location = 'memory';
  readonly #entries: MemoryEntries;
  readonly #pace: MemoryPace;
  readonly #watches = new Set<() => void>();

  constructor(entries: MemoryEntries, pace: MemoryPace = (_, go) => go()) {
    this.#entries = entries;
    this.#pace = pace;
  }

  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    return this.#ask(key, () => this.#entries.put(key, value.slice(), expected));
  }

  get(key: string): Promise<BucketEntry | undefined> {
    return this.#ask(key, () => this.#entries.get(key));
  }

  async remove(key: string, expected?: number): Promise<void> {
    await this.#ask(key, () => this.#entries.put(key, undefined, expected));
  }

  watch(listener: (event: BucketEvent) => void): () => void {
    let stopped = false;
    const tell = (event: BucketEvent) =>
      this.#pace(
        'tell',
        () => {
          if (!stopped) listener(event);
        },
        undefined,
      );
    const unfollow = this.#entries.follow(
      (entry) => tell({ type: 'entry', entry }),
      () => tell({ type: 'caught-up' }),
    );
    const stop = () => {
      stopped = true;
      unfollow();
      this.#watches.delete(stop);
    };
    this.#watches.add(stop);
    return stop;
  }

  async close(): Promise<void> {
    for (const stop of this.#watches) stop();
  }

  #ask<T>(key: string, act: () => T): Promise<T> {
    const answered = (answer: T, resolve: (answer: T) => void) => this.#pace('answer', () => resolve(answer), key);
    return new Promise((resolve) => this.#pace('ask', () => answered(act(), resolve), key));
  }
}
