import { SortedRecords } from '../memory/sorted-records.js';
import type { StoreBatch } from '../store.js';

interface Pending {
  /** Undefined: removed. */
  readonly value: Uint8Array | undefined;
  readonly seq: number;
  readonly bytes: number;
}

/** Changes that the log has and the view has not yet: the last one of each key. */
export class PendingChanges {
  readonly #changes = new SortedRecords<Pending>();
  #bytes = 0;

  /** Of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param seq of the record that has them */
  add(changes: StoreBatch, seq: number): void {
    for (const [key, value] of changes) {
      const bytes = key.length + (value?.byteLength ?? 0);
      this.#bytes += bytes - (this.#changes.get(key)?.bytes ?? 0);
      this.#changes.put(key, { value, seq, bytes });
    }
  }

  /** The view has these by the record at `seq`: forgotten, but what a later record has changed again. */
  applied(changes: StoreBatch, seq: number): void {
    for (const key of changes.keys()) {
      const pending = this.#changes.get(key);
      if (pending === undefined || pending.seq > seq) continue;
      this.#bytes -= pending.bytes;
      this.#changes.remove(key);
    }
  }

  /** The change of a key, if there is one. */
  get(key: string): { readonly value: Uint8Array | undefined } | undefined {
    return this.#changes.get(key);
  }

  /** The first changed key that is not below `from`; with `after`, that is above it. */
  next(from: string, after: boolean): string | undefined {
    return this.#changes.next(from, after);
  }
}
