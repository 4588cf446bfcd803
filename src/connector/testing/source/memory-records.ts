import type { DurableRecord } from '../../../internal/durable-record.js';
import type { DurableContext } from '../../durable-context.js';

/** The records of one source or sink of a job, in memory, with every value that was put. They outlive readers, as a store does. */
export class MemoryRecords implements DurableContext {
  /** Of all records, in the order in which they became durable. */
  readonly puts: { readonly name: string; readonly value: unknown }[] = [];
  readonly #records = new Map<string, MemoryRecord>();

  record(name: string): DurableRecord {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const made = new MemoryRecord((value) => this.puts.push({ name, value }));
    this.#records.set(name, made);
    return made;
  }
}

class MemoryRecord implements DurableRecord {
  value: unknown;
  readonly #onPut: (value: unknown) => void;

  constructor(onPut: (value: unknown) => void) {
    this.#onPut = onPut;
  }

  async put(value: unknown): Promise<void> {
    const copy: unknown = structuredClone(value);
    // a turn later, as by a store: who goes on without waiting is found out
    await Promise.resolve();
    this.value = copy;
    this.#onPut(copy);
  }
}
