import { constants } from 'node:fs';
import type { RootDatabase } from 'lmdb';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { loadPackage } from '../../../internal/load-package.js';

type Lmdb = typeof import('lmdb');

/**
 * Address space that is reserved for a file, not memory. A file that grows above it is mapped anew while it is read, which costs the
 * same again until it is closed.
 */
const ADDRESS_SPACE = 256 * 1024 ** 3;

/** Bytes under a key in the file; undefined removes the key. */
export type FileChange = readonly [key: Buffer, value: Buffer | undefined];

/** A record in bytes of its own. */
export interface FileRecord {
  readonly key: Buffer;
  /** With its checksum, as the file has it. */
  readonly value: Buffer;
}

/** What a file says of itself without reading its records. */
export interface FileFacts {
  /** Counts the commits of the file, from the first one on. */
  readonly commits: number;
  /** How long the file must be for all of its pages to be in it. */
  readonly bytes: number;
}

/** What LMDB's table of readers needs, and more. */
const LOCK_FILE_BYTES = 16 * 1024;

/** Some pages in a row. */
const TRIED_BYTES = 64 * 1024;

/** When what is written is on the disk: at each commit, or when the system gets round to it. */
export type Flushing = 'each-commit' | 'never';

/** Loads the package: what opens a file later does not wait for it. @throws MillraceError UNSUPPORTED without it */
export const loadLmdb = (): Promise<Lmdb> => loadPackage('lmdb', 'a store on disk', () => import('lmdb'));

/** Opens a file that nobody else has open, or makes a new one. */
export async function openLmdbFile(path: string, flushing: Flushing = 'each-commit'): Promise<LmdbFile> {
  const lmdb = await loadLmdb();
  // LMDB writes to its lock file through a memory map: on a full disk, a hole in it would end the process (SIGBUS).
  const lock = await openOwnFile(`${path}-lock`, constants.O_RDWR | constants.O_CREAT);
  try {
    await lock.write(Buffer.alloc(LOCK_FILE_BYTES), 0, LOCK_FILE_BYTES, 0);
  } finally {
    await lock.close();
  }
  return new LmdbFile(lmdb, path, flushing);
}

/**
 * One LMDB file with bytes as keys and values, ordered by the bytes of the keys.
 *
 * Not used are LMDB's overlapping sync (the binding's default: commits are visible before they are durable, closing flushes again
 * after a failed flush, which R13 forbids, and it was not faster with one commit under way at a time), its value encodings and caches.
 * A commit that is flushed costs two flushes: `fdatasync` of the pages and a synchronous write of the meta page that makes them the current
 * ones.
 *
 * Errors are LMDB's own, see `storageError`.
 */
export class LmdbFile {
  readonly #lmdb: Lmdb;
  readonly #database: RootDatabase<Buffer, Buffer>;

  /** Use {@link openLmdbFile}. */
  constructor(lmdb: Lmdb, path: string, flushing: Flushing) {
    this.#lmdb = lmdb;
    const options = {
      path,
      noSubdir: true,
      keyEncoding: 'binary',
      encoding: 'binary',
      cache: false,
      overlappingSync: false,
      noSync: flushing === 'never',
      // With it, a commit that fails also rejects a promise that nobody has, which ends the process.
      eventTurnBatching: false,
      maxDbs: 1,
      mapSize: ADDRESS_SPACE,
      permissionsMode: 0o600,
    } as const;
    this.#database = lmdb.open<Buffer, Buffer>(options);
  }

  /** The value in bytes of its own. */
  get(key: Buffer): Buffer | undefined {
    return this.#database.getBinary(key);
  }

  /**
   * The records from `from` (inclusive, or exclusive) up to `to` (exclusive), ascending, in bytes of their own. It must be iterated to
   * its end or be returned in the same turn: until then it pins a snapshot, whose pages cannot be used again.
   */
  range(from: Buffer, to: Buffer, exclusiveStart: boolean): Iterable<FileRecord> {
    return this.#database.getRange({ start: from, end: to, exclusiveStart, snapshot: true });
  }

  /** The record at a key, or else the next one above it. */
  ceiling(key: Buffer): FileRecord | undefined {
    return first(this.#database.getRange({ start: key, limit: 1 }));
  }

  /** The next record below a key. */
  below(key: Buffer): FileRecord | undefined {
    return first(this.#database.getRange({ start: key, limit: 1, reverse: true, exclusiveStart: true }));
  }

  /**
   * Writes all changes or none. Resolves when they are durable, where commits are flushed. One call at a time, and none after one that has
   * rejected.
   */
  async write(changes: Iterable<FileChange>): Promise<void> {
    const database = this.#database;
    try {
      await database.batch(() => {
        for (const [key, value] of changes) {
          if (value === undefined) void database.remove(key);
          else void database.put(key, value);
        }
      });
    } catch (error) {
      throw await causeOf(error);
    }
  }

  /** Goes through what a commit needs, free pages too, and writes nothing. */
  tryWrite(): void {
    this.#database.transactionSync(() => {
      this.#database.putSync(Buffer.of(0), Buffer.alloc(TRIED_BYTES));
      return this.#lmdb.ABORT;
    });
  }

  facts(): FileFacts {
    const { lastTxnId, lastPageNumber, root } = Object(this.#database.getStats());
    return { commits: Number(lastTxnId), bytes: (Number(lastPageNumber) + 1) * Number(root.pageSize) };
  }

  /** Waits for the commit under way. Writes nothing. */
  close(): Promise<void> {
    return this.#database.close();
  }
}

function first(records: Iterable<FileRecord>): FileRecord | undefined {
  for (const record of records) return record;
  return undefined;
}

/** The binding rejects with a sentence that refers to another promise, which has the reason. */
async function causeOf(error: unknown): Promise<unknown> {
  try {
    await Object(error).commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
