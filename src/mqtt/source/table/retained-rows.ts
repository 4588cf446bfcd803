import type { TableKey } from '../../../connector/tables/table.js';

/** What a message makes. */
export interface NewRow<V> {
  /** That it came of: two topics may have one key. */
  readonly topic: string;
  readonly value: V;
  /** Of the message. */
  readonly bytes: number;
  /** When the broker has it no more, which it does not tell, in milliseconds of a monotonic clock; undefined: it stays. */
  readonly expiresAtMs: number | undefined;
}

interface Row<V> extends NewRow<V> {
  /** In which the broker has told of it. */
  readonly round: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Above either there is no room. */
export interface TableBounds {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/**
 * The rows of retained messages, by rounds: one begins with each subscription, which brings all retained messages once more. What a round has
 * not told of when all of it is there was deleted while nobody listened.
 */
export class RetainedRows<K extends TableKey, V> {
  readonly #bounds: TableBounds;
  readonly #now: () => number;
  readonly #rows = new Map<K, Row<V>>();
  #bytes = 0;
  /** No row expires before. */
  #soonestMs = NEVER;
  #told = 0;
  #round = 0;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(bounds: TableBounds, now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Of the messages that gave the rows. */
  get bytes(): number {
    return this.#bytes;
  }

  /** R23: one that has expired is there no more. */
  get(key: K): V | undefined {
    const row = this.#rows.get(key);
    if (row?.expiresAtMs === undefined || this.#now() < row.expiresAtMs) return row?.value;
    this.#delete(key);
    return undefined;
  }

  /** Whether the row of a key came of that topic. */
  isOf(key: K, topic: string): boolean {
    return this.#rows.get(key)?.topic === topic;
  }

  begin(): void {
    this.#round += 1;
    this.#told = 0;
  }

  /** How many rows this round has told of; what gives no row does not count, of which there may be any number. */
  get told(): number {
    return this.#told;
  }

  /** False: there is no room for it, and of its key there is no row then. */
  set(key: K, row: NewRow<V>): boolean {
    const isTold = this.#rows.get(key)?.round === this.#round;
    this.#delete(key);
    if (!this.#hasRoom(row)) this.#expire();
    if (!this.#hasRoom(row)) return false;
    if (!isTold) this.#told += 1;
    this.#bytes += row.bytes;
    this.#soonestMs = Math.min(this.#soonestMs, row.expiresAtMs ?? NEVER);
    this.#rows.set(key, { ...row, round: this.#round });
    return true;
  }

  /** The topic has no retained message any more, or none that gives a row. */
  remove(key: K, topic: string): void {
    const row = this.#rows.get(key);
    if (row?.topic !== topic) return;
    if (row.round !== this.#round) this.#told += 1;
    this.#delete(key);
  }

  /** The round has told of all that there is. */
  end(): void {
    for (const [key, { round }] of this.#rows) if (round !== this.#round) this.#delete(key);
  }

  #hasRoom({ bytes }: NewRow<V>): boolean {
    const { maxRows, maxBytes } = this.#bounds;
    return this.#rows.size < maxRows && this.#bytes + bytes <= maxBytes;
  }

  /** Looks at all rows only when one may have expired. */
  #expire(): void {
    const now = this.#now();
    if (now < this.#soonestMs) return;
    this.#soonestMs = NEVER;
    for (const [key, { expiresAtMs = NEVER }] of this.#rows) {
      if (now >= expiresAtMs) this.#delete(key);
      else this.#soonestMs = Math.min(this.#soonestMs, expiresAtMs);
    }
  }

  #delete(key: K): void {
    this.#bytes -= this.#rows.get(key)?.bytes ?? 0;
    this.#rows.delete(key);
  }
}
