import type { MillraceError } from '../errors/index.js';
import type { SnapshotBlobs } from './log/snapshot-blobs.js';

/** One record: a key and its bytes. */
export interface StoreRecord {
  /** Well-formed. */
  readonly key: string;
  /** The reader's own. */
  readonly value: Uint8Array;
}

/**
 * What a reader of a store sees: the durable state. Reads are synchronous. Keys are well-formed strings of 1 to `Store.maxKeyBytes` bytes of
 * UTF-8 and ordered by those bytes. A value belongs to its caller, who may keep it and change it. Reading after `close` throws INVALID_STATE.
 */
export interface StoreView {
  /** The value, or undefined. @throws MillraceError STORE_CORRUPT when its checksum is wrong */
  get(key: string): Uint8Array | undefined;
  /**
   * The records from `from` (inclusive) up to `to` (exclusive), ascending, read as they are asked for: taking the first few of a
   * million costs little. It may be left in the middle and go on later; then it shows some of what was committed meanwhile, or nothing
   * of it, but each record as it was at one moment. `from` and `to` need not be keys (`''` is below all).
   * @throws MillraceError STORE_CORRUPT at a record whose checksum is wrong
   */
  range(from: string, to: string): Iterable<StoreRecord>;
}

/** What one commit changes: a value to put, or undefined to remove the key (which need not exist). */
export type StoreBatch = ReadonlyMap<string, Uint8Array | undefined>;

/** One change of it. */
export type StoreChange = readonly [key: string, value: Uint8Array | undefined];

/**
 * Where one partition of a job keeps its state. The rules:
 * 1. `commit` is atomic: after a crash at any instant the store has all of a batch or nothing of it. It resolves when the batch is
 *    durable, and its changes are never seen by reads before they are. Commits apply in the order of the calls; calls at the same time
 *    share an fsync. The batch and its bytes are the caller's again when the call returns.
 * 2. A commit that was refused for what it is (INVALID_OPTIONS: an empty key, one that is too long, a batch above `maxCommitBytes`)
 *    changed nothing. After any other rejection its outcome is unknown: the store is dead, every further commit rejects with the same
 *    error, and its owner closes it, opens it again and recovers (R13). Nothing is ever tried again on the same open file. STORE_FENCED says that
 *    another owner has it now, or that what was opened was swapped away.
 * 3. What is read was written: a record whose checksum is wrong is an error at each read, never skipped.
 * 4. `close` waits for the commits under way. It may be called at any time, twice too. A commit after it rejects with INVALID_STATE. It
 *    rejects with STORE_FENCED, when it is closed, where what was opened was swapped away.
 * 5. What an opened store shows is durable, whatever its last owner left half done.
 * 6. A store that another owner can take over while it is open, as one on a replicated log, has `renew`; from its takeover on, each commit and
 *    each `renew` of the earlier owner rejects with STORE_FENCED. One without `renew` has no other owner until it is closed, by a lock of the
 *    kernel, say.
 * 7. One that can be swapped away, or removed, while nobody commits may have `lost`.
 */
export interface Store extends StoreView {
  /** Bytes of keys and values that one commit may have. */
  readonly maxCommitBytes: number;
  /**
   * Bytes of UTF-8 that a key may have, at least 1,100. The engine has a digest in place of what would be longer, so this must never
   * change for what is stored already.
   */
  readonly maxKeyBytes: number;
  /** Makes a batch durable. */
  commit(batch: StoreBatch): Promise<void>;
  /**
   * A write that changes nothing, and that only the owner can make: it resolves when that is durable, so that nobody had taken the store over
   * when it was called. Its place is behind the commits that were called before it, and it rejects as they do.
   */
  readonly renew?: (() => Promise<void>) | undefined;
  /**
   * Resolves with STORE_FENCED when what was opened is found swapped away, with STORE_CORRUPT when it is gone; a commit would reject with the
   * same. Never rejects, and never resolves after `close`.
   */
  readonly lost?: Promise<MillraceError> | undefined;
  /** Gives up the store; what is durable stays. */
  close(): Promise<void>;
}

/** What a partition has, as of one moment between two commits, for somebody who need not own it. */
export interface StoreMoment {
  /** Each record once whose key is wanted, in no order. May be asked several times, and gives the same. */
  records(wanted: (key: string) => boolean): AsyncIterable<StoreRecord>;
  /** What could not be read so far: then something is missing in what came. */
  readonly problems: readonly MillraceError[];
}

/** Opens the stores of an engine. What "durable" means is the provider's to declare. */
export interface StoreProvider {
  /** For messages: a directory, or what stands for it. */
  readonly location: string;
  /**
   * Opens the store of one partition of a job, which nobody else has open. Opening reads no more than it must: after a process
   * that ended in any way its time does not grow with the records.
   * @throws MillraceError STORE_LOCKED, STORE_CORRUPT, STORE_VERSION, STORE_FULL, STORAGE_FAILED
   */
  open(job: string, partition: number): Promise<Store>;
  /**
   * Shows what the store of a partition has, as of a moment not before the call, beside whoever has it open. Without it nothing can be exported.
   * @param use is called again where what it was reading went away meanwhile, and what it gave before does not count
   * @returns what `use` gave; undefined: nothing was ever stored there
   */
  lookAt?<T>(job: string, partition: number, use: (moment: StoreMoment) => Promise<T>): Promise<T | undefined>;
  /** Where exported snapshots are kept, apart from the stores. Without it nothing can be exported. */
  readonly snapshots?: SnapshotBlobs | undefined;
  /** Closes all stores and gives up the ownership of the location. */
  close(): Promise<void>;
}
