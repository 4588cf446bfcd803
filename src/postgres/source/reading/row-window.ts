import { Ring } from '../../../internal/ring.js';

/** The keys of the rows that were given and that no durable commit covers, by position. */
export class RowWindow {
  readonly #keys = new Ring<string>();

  give(position: number, key: string): void {
    this.#keys.put(position, key);
  }

  get keys(): Iterable<string> {
    return this.#keys;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** From the oldest up to this position. */
  upTo(position: number): readonly string[] {
    return this.#keys.oldest(Math.max(0, position + 1 - this.#keys.first));
  }

  /** The key at this position, if no durable commit covers it. */
  at(position: number): string | undefined {
    return this.#keys.get(position);
  }

  /** Takes out all up to there. */
  take(position: number): readonly string[] {
    const taken = this.upTo(position);
    for (const _ of taken) this.#keys.shift();
    return taken;
  }
}
