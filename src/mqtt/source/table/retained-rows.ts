import type { TableKey } from '../../../connector/tables/table.js';

interface Row<V> {
  /** That it came of: two topics may have one key. */
  readonly topic: string;
  readonly value: V;
  /** In which the broker has told of it. */
  readonly round: number;
}

/**
 * The rows of retained messages, by rounds: one begins with each subscription, which brings all retained messages once more. What a round has
 * not told of when all of it is there was deleted while nobody listened.
 */
export class RetainedRows<K extends TableKey, V> {
  readonly #maxRows: number;
  readonly #rows = new Map<K, Row<V>>();
  /** What this round has told of, until it has ended. */
  #told: Set<string> | undefined;
  #round = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key)?.value;
  }

  begin(): void {
    this.#round += 1;
    this.#told = new Set();
  }

  /** How many topics this round has told of; 0 when it has ended. */
  get told(): number {
    return this.#told?.size ?? 0;
  }

  /** False: it is a new one, and there is no room. */
  set(key: K, topic: string, value: V): boolean {
    if (!this.#rows.has(key) && this.#rows.size >= this.#maxRows) return false;
    this.#told?.add(topic);
    this.#rows.set(key, { topic, value, round: this.#round });
    return true;
  }

  /** The topic has no retained message any more, or none that gives a row. */
  remove(key: K, topic: string): void {
    this.#told?.add(topic);
    if (this.#rows.get(key)?.topic === topic) this.#rows.delete(key);
  }

  /** The round has told of all that there is. */
  end(): void {
    this.#told = undefined;
    for (const [key, { round }] of this.#rows) if (round !== this.#round) this.#rows.delete(key);
  }
}
