import { MillraceError } from '../../errors/index.js';
import { fileRecords } from '../lmdb/pages/file-records.js';
import { readLmdbHeader } from '../lmdb/pages/lmdb-header.js';
import { OWN } from '../lmdb/records/lmdb-records.js';
import { readChecked } from '../lmdb/records/record-checksum.js';
import { corruptError } from '../storage-error.js';
import type { StoreRecord } from '../store.js';
import { ProblemList } from './problem-list.js';
import type { RecordLook, WantedKey } from './record-look.js';

/**
 * What the store of an earlier version has, which is an LMDB file without a log. A process of that version may be writing to it: then a part may be
 * of a later moment than another, which is told.
 */
export class FormerLook implements RecordLook {
  readonly #path: string;
  readonly #problems: ProblemList;

  constructor(path: string) {
    this.#path = path;
    this.#problems = new ProblemList(`cannot read ${path}`);
  }

  get problems(): readonly MillraceError[] {
    return this.#problems.all;
  }

  /** Whose it is, as it says itself; undefined where that cannot be read. */
  async job(): Promise<string | undefined> {
    for await (const { key, value } of this.#all()) {
      if (key[0] !== OWN) return undefined;
      if (key.toString('latin1', 1) !== 'format') continue;
      const { job } = Object(JSON.parse(Buffer.from(value).toString()));
      return typeof job === 'string' ? job : undefined;
    }
    return undefined;
  }

  async *records(wanted: WantedKey): AsyncGenerator<StoreRecord, void> {
    for await (const { key: bytes, value } of this.#all()) {
      if (bytes[0] === OWN) continue;
      const key = bytes.toString('utf8', 1);
      if (wanted(key)) yield { key, value };
    }
  }

  async *#all(): AsyncGenerator<{ readonly key: Buffer; readonly value: Uint8Array }, void> {
    try {
      const before = await readLmdbHeader(this.#path);
      for await (const { key, value } of fileRecords(this.#path, this.#problems.tell)) {
        const checked = readChecked(key, value);
        if (checked === undefined)
          this.#problems.tell(corruptError(`${this.#path}: the checksum of a record is wrong`));
        else yield { key, value: checked };
      }
      const after = await readLmdbHeader(this.#path);
      if (after.records.root !== before.records.root) this.#problems.tell(written(this.#path));
    } catch (error) {
      this.#problems.tell(error);
    }
  }
}

const written = (path: string): MillraceError =>
  new MillraceError('STORAGE_FAILED', `${path} was written to while it was read: what is shown is of several moments`, {
    retryable: true,
    advice: 'Look again, or when its process has stopped.',
  });
