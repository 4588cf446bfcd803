/**
 * How often a job has gone on: from a stop, or from an end. What had ended before has not ended since. It is known once the node has joined
 * the others, before anything of the job is opened.
 */
export class Generation {
  readonly #listeners = new Set<() => void>();
  #now = 0;

  get now(): number {
    return this.#now;
  }

  set(now: number): void {
    if (now === this.#now) return;
    this.#now = now;
    for (const listener of this.#listeners) listener();
  }

  /** Calls at each change. @returns what ends that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
