import type { MemoryView } from '../../../../src/store/log/memory/memory-view.js';
import type { LogEntry } from '../../../../src/store/log/partition-log.js';
import { decodeBatch } from '../../../../src/store/log/record/batch-codec.js';
import { follow } from '../../../../src/store/log/record/follow.js';
import { LOG_START, type LogPoint } from '../../../../src/store/log/record/log-point.js';
import type { StoreView } from '../../../../src/store/store.js';

/** What all records of a partition come to. */
interface Fold {
  point: LogPoint;
  /** Of the last record. */
  kind: string;
  /** Who wrote the last record. */
  writer: object | undefined;
  readonly writers: Map<number, object>;
  readonly values: Map<string, Uint8Array>;
}

const ALL = ['', '\u{10ffff}'] as const;

/**
 * Sees each record as it enters, and judges C1: epochs ascend, the numbers in each have no gap, and each is of one opening. C4: what a
 * view has is what the records come to, whatever was trimmed.
 */
export class LogOracle {
  readonly #folds: readonly Fold[];
  readonly #complain: (text: string) => void;

  constructor(partitions: number, complain: (text: string) => void) {
    this.#complain = complain;
    this.#folds = Array.from({ length: partitions }, () => ({
      point: LOG_START,
      kind: 'nothing',
      writer: undefined,
      writers: new Map(),
      values: new Map(),
    }));
  }

  appended(partition: number, entry: LogEntry, writer: object): void {
    const fold = this.#at(partition);
    try {
      const { record, point } = follow(fold.point, entry, `partition ${partition}`);
      const known = fold.writers.get(point.epoch);
      if (known !== undefined && known !== writer)
        this.#complain(`C1: two openings of partition ${partition} write with epoch ${point.epoch}`);
      fold.writers.set(point.epoch, writer);
      fold.point = point;
      fold.kind = record.kind;
      fold.writer = writer;
      if (record.kind === 'commit') apply(fold.values, decodeBatch(record.body, 'a commit'));
    } catch (error) {
      this.#complain(`C1: ${String(error)}`);
    }
  }

  /** The last record. */
  describe(partition: number): string {
    const { kind, point } = this.#at(partition);
    return `${kind} ${point.epoch}.${point.number} at ${point.seq}`;
  }

  /** Of the last record. */
  epochOf(partition: number): number {
    return this.#at(partition).point.epoch;
  }

  /** Whether nothing was written since that opening took the log, but by itself. */
  isOwner(partition: number, epoch: number): boolean {
    return this.epochOf(partition) === epoch;
  }

  valueOf(partition: number, key: string): Uint8Array | undefined {
    return this.#at(partition).values.get(key);
  }

  /** C4, of a store or a view that is at the end of the log. */
  checkView(partition: number, view: Pick<StoreView, 'range'>, what: string): void {
    const { values } = this.#at(partition);
    const found = new Map([...view.range(...ALL)].map(({ key, value }) => [key, value]));
    for (const key of new Set([...values.keys(), ...found.keys()])) {
      if (textOf(values.get(key)) === textOf(found.get(key))) continue;
      this.#complain(
        `C4: ${what} of partition ${partition} has ${key} = ${textOf(found.get(key))}, and the records come to ${textOf(values.get(key))}`,
      );
    }
  }

  /** C4, of the view of a machine, which may be behind and is never ahead. */
  checkBehind(partition: number, { applied }: MemoryView, what: string): void {
    const { seq } = this.#at(partition).point;
    if (applied.seq > seq) this.#complain(`C4: ${what} of partition ${partition} is ahead of its log`);
  }

  #at(partition: number): Fold {
    const fold = this.#folds[partition];
    if (fold === undefined) throw new RangeError(`there is no partition ${partition}`);
    return fold;
  }
}

const apply = (values: Map<string, Uint8Array>, batch: ReadonlyMap<string, Uint8Array | undefined>): void => {
  for (const [key, value] of batch) {
    if (value === undefined) values.delete(key);
    else values.set(key, value.slice());
  }
};

const textOf = (value: Uint8Array | undefined): string =>
  value === undefined ? 'nothing' : Buffer.from(value).toString('latin1');
