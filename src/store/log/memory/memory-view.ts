import { compareKeys } from '../../compare-keys.js';
import { SortedRecords } from '../../memory/sorted-records.js';
import type { StoreBatch, StoreRecord } from '../../store.js';
import type { LocalView } from '../local-view.js';
import { decodeBatch } from '../record/batch-codec.js';
import { LOG_START, type LogPoint } from '../record/log-point.js';

/** A view in memory. It stays what it is when it is closed: the next owner in this process goes on from there. */
export class MemoryView implements LocalView {
  #records = new SortedRecords();
  #applied = LOG_START;

  get applied(): LogPoint {
    return this.#applied;
  }

  get reached(): LogPoint {
    return this.#applied;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#records.get(key);
    return value && new Uint8Array(value);
  }

  *range(from: string, to: string): Generator<StoreRecord, void> {
    for (let key = this.#records.next(from, false); key !== undefined; key = this.#records.next(key, true)) {
      if (compareKeys(key, to) >= 0) return;
      const value = this.get(key);
      if (value !== undefined) yield { key, value };
    }
  }

  async apply(batch: StoreBatch, point: LogPoint): Promise<void> {
    for (const [key, value] of batch) {
      if (value === undefined) this.#records.remove(key);
      else this.#records.put(key, new Uint8Array(value));
    }
    this.#applied = point;
  }

  async applyBodies(bodies: readonly Uint8Array[], point: LogPoint): Promise<void> {
    for (const body of bodies) await this.apply(decodeBatch(body, 'a commit'), this.#applied);
    this.#applied = point;
  }

  async reset(): Promise<void> {
    this.#records = new SortedRecords();
    this.#applied = LOG_START;
  }

  async close(): Promise<void> {}
}
