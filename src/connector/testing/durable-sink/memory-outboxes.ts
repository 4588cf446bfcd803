import type { DurableRecord } from '../../../internal/durable-record.js';
import type { DurableContext } from '../../durable-context.js';
import type { OutboxRow, OutboxSnapshot, RestoredOutbox } from '../../durable-sink.js';

interface Stored {
  state: unknown;
  low: number;
  end: number;
  readonly rows: Map<number, Uint8Array>;
}

/** What one commit says of one outbox. */
export interface OutboxCommit {
  /** Of the outbox. */
  readonly name: string;
  /** They stand below `end`, behind all that were added before. */
  readonly added: readonly OutboxRow[];
  /** What it said of itself for this commit. */
  readonly snapshot: OutboxSnapshot;
  /** One above the last row that the outbox has with this commit. */
  readonly end: number;
}

/** What a store has of the outboxes and records of one sink, in memory. Everything in it went through structured clone. */
export class MemoryOutboxes implements DurableContext {
  readonly #outboxes = new Map<string, Stored>();
  readonly #records = new Map<string, MemoryRecord>();

  /** As after a restart: records are other objects, with what was put last. */
  reopen(): MemoryOutboxes {
    const next = new MemoryOutboxes();
    for (const [name, stored] of this.#outboxes) next.#outboxes.set(name, { ...stored, rows: new Map(stored.rows) });
    for (const [name, { value }] of this.#records) next.#records.set(name, new MemoryRecord(value));
    return next;
  }

  record(name: string): DurableRecord {
    let record = this.#records.get(name);
    if (record === undefined) {
      record = new MemoryRecord(undefined);
      this.#records.set(name, record);
    }
    return record;
  }

  /** Atomic: nothing is awaited in between. */
  apply({ name, added, snapshot, end }: OutboxCommit): void {
    const stored = this.#stored(name);
    for (const { seq, bytes } of added) stored.rows.set(seq, bytes.slice());
    stored.state = structuredClone(snapshot.state);
    stored.end = end;
    for (let seq = stored.low; seq < snapshot.low; seq += 1) stored.rows.delete(seq);
    stored.low = snapshot.low;
  }

  /** A copy of the state; rows as they stand when they are read. */
  restore(name: string): RestoredOutbox {
    const { state, low, end, rows } = this.#stored(name);
    return { state: structuredClone(state), low, end, rows: (from, to) => rowsOf(rows, from, Math.min(to, end)) };
  }

  #stored(name: string): Stored {
    let stored = this.#outboxes.get(name);
    if (stored === undefined) {
      stored = { state: undefined, low: 0, end: 0, rows: new Map() };
      this.#outboxes.set(name, stored);
    }
    return stored;
  }
}

class MemoryRecord implements DurableRecord {
  value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  async put(value: unknown): Promise<void> {
    this.value = structuredClone(value);
  }
}

function* rowsOf(rows: ReadonlyMap<number, Uint8Array>, from: number, to: number): Generator<OutboxRow> {
  for (let seq = from; seq < to; seq += 1) {
    const bytes = rows.get(seq);
    if (bytes !== undefined) yield { seq, bytes };
  }
}
