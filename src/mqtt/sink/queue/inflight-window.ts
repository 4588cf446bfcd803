import type { Row } from '../message/row.js';

/**
 * The rows that a session holds, by seq: a ring over the span from the lowest one to the highest (R8a: below 60000), in which seqs
 * may come in any order and be left out.
 */
export class InflightWindow {
  #slots: (Row | undefined)[] = new Array(64).fill(undefined);
  /** The lowest seq that may still be held. */
  #low = 0;
  #next = 0;
  #size = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The rows that are held, by ascending seq. */
  *rows(): IterableIterator<Row> {
    for (let seq = this.#low; seq < this.#next; seq += 1) {
      const row = this.#slots[seq & (this.#slots.length - 1)];
      if (row !== undefined) yield row;
    }
  }

  /** Holds the row under its seq, which must be free. */
  add(row: Row): void {
    const low = this.#size === 0 ? row.seq : Math.min(this.#low, row.seq);
    const next = this.#size === 0 ? row.seq + 1 : Math.max(this.#next, row.seq + 1);
    while (next - low > this.#slots.length) this.#grow();
    this.#low = low;
    this.#next = next;
    this.#slots[row.seq & (this.#slots.length - 1)] = row;
    this.#size += 1;
    this.#bytes += row.bytes;
  }

  /** The row under the seq; undefined when none is held. */
  get(seq: number): Row | undefined {
    if (seq < this.#low || seq >= this.#next) return undefined;
    return this.#slots[seq & (this.#slots.length - 1)];
  }

  /** Takes a row out; undefined when none is held under the seq. */
  take(seq: number): Row | undefined {
    const row = this.get(seq);
    if (row === undefined) return undefined;
    const mask = this.#slots.length - 1;
    this.#slots[seq & mask] = undefined;
    this.#size -= 1;
    this.#bytes -= row.bytes;
    while (this.#low < this.#next && this.#slots[this.#low & mask] === undefined) this.#low += 1;
    return row;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array(old.length * 2).fill(undefined);
    for (let seq = this.#low; seq < this.#next; seq += 1) {
      this.#slots[seq & (this.#slots.length - 1)] = old[seq & (old.length - 1)];
    }
  }
}
