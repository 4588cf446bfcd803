import { MillraceError } from '../../../errors/index.js';
import { corruptError } from '../../storage-error.js';
import type { LogEntry, PartitionLog } from '../partition-log.js';

/** What all that have a log open share. */
export interface MemoryRecords {
  readonly identity: string;
  entries: LogEntry[];
  last: number;
}

const MAX_RECORD_BYTES = 64 * 1024 * 1024 + 1024;

/** A log in memory; each that opened it sees the same records. */
export class MemoryLog implements PartitionLog {
  readonly shared = true;
  readonly maxRecordBytes = MAX_RECORD_BYTES;
  readonly location: string;
  readonly identity: string;
  readonly #records: MemoryRecords;
  #closed = false;

  constructor(location: string, records: MemoryRecords) {
    this.location = location;
    this.identity = records.identity;
    this.#records = records;
  }

  async last(): Promise<LogEntry | undefined> {
    this.#checkOpen();
    const last = this.#records.entries.at(-1);
    if (last !== undefined) return copyOf(last);
    if (this.#records.last === 0) return undefined;
    throw corruptError(`${this.location} had ${this.#records.last} records and has none`);
  }

  async append(record: Uint8Array, expected: number): Promise<number> {
    this.#checkOpen();
    if (record.byteLength > MAX_RECORD_BYTES) {
      throw new MillraceError(
        'INVALID_OPTIONS',
        `a record of ${record.byteLength} bytes is larger than ${MAX_RECORD_BYTES}`,
      );
    }
    if (expected !== this.#records.last) {
      throw new MillraceError('STORE_FENCED', `${this.location} has a record behind ${expected}`);
    }
    this.#records.last += 1;
    this.#records.entries.push(copyOf({ seq: this.#records.last, record }));
    return this.#records.last;
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    for (let seq = after + 1; seq <= upTo; seq += 1) {
      this.#checkOpen();
      const first = this.#records.entries[0]?.seq ?? this.#records.last + 1;
      const entry = this.#records.entries[seq - first];
      if (entry === undefined) throw corruptError(`${this.location} has no record ${seq}`);
      yield copyOf(entry);
    }
  }

  async trim(upTo: number): Promise<void> {
    this.#checkOpen();
    const { entries, last } = this.#records;
    this.#records.entries = entries.filter(({ seq }) => seq > upTo || seq === last);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new MillraceError('INVALID_STATE', `${this.location} is closed`);
  }
}

const copyOf = ({ seq, record }: LogEntry): LogEntry => ({ seq, record: new Uint8Array(record) });
