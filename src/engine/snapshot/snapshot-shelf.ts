import { MillraceError } from '../../errors/millrace-error.js';
import { closestName } from '../../internal/options/closest-name.js';
import { isWellFormed } from '../../internal/well-formed.js';
import { jobKey } from '../../store/job-key.js';
import { decodeBatch } from '../../store/log/record/batch-codec.js';
import { decodeSnapshot, encodeSnapshotOf } from '../../store/log/snapshot/snapshot-codec.js';
import type { SnapshotBlobs } from '../../store/log/snapshot-blobs.js';
import type { StoreBatch, StoreProvider, StoreRecord } from '../../store/store.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import { asJobSnapshot, type JobSnapshot } from './job-snapshot.js';

/** A name is told in lines and messages. */
const MAX_NAME = 200;
/** Of the name, what is readable in that of its blob. */
const READABLE = 100;
const PREFIX = 'snapshot-';
/** No key of a store is empty: what a snapshot says of itself stands first in it, under this one. */
const ABOUT = '';

/** Names under which something is being put, by where. */
const TAKEN = new WeakMap<SnapshotBlobs, Set<string>>();

/** A snapshot that is read. */
export interface ReadSnapshot {
  readonly about: JobSnapshot;
  /** What was stored, in portions. @throws MillraceError STORE_CORRUPT, at the end where only then it shows */
  readonly records: AsyncIterable<StoreBatch>;
}

/** The snapshots that the jobs of a place have exported, by their names. */
export class SnapshotShelf {
  readonly #blobs: SnapshotBlobs;
  readonly #location: string;

  private constructor(blobs: SnapshotBlobs, location: string) {
    this.#blobs = blobs;
    this.#location = location;
  }

  /** @throws MillraceError UNSUPPORTED where there is no place for any */
  static of(stores: Pick<StoreProvider, 'snapshots' | 'location'> | undefined): SnapshotShelf {
    if (stores?.snapshots !== undefined) return new SnapshotShelf(stores.snapshots, stores.location);
    throw new MillraceError('UNSUPPORTED', 'there is no place for exported snapshots', {
      advice: 'Give the engine a directory (Engine.embedded({ dir })), or stores that have `snapshots`.',
    });
  }

  /**
   * Takes a name for what is to be put under it. Call what it gives when that is done, or has failed.
   * @throws MillraceError INVALID_OPTIONS for what cannot be a name; INVALID_STATE when there is one of that name, or will be
   */
  async take(name: string): Promise<() => void> {
    checkName(name);
    const blob = blobOf(name);
    const taken = TAKEN.get(this.#blobs) ?? new Set();
    TAKEN.set(this.#blobs, taken);
    if (taken.has(blob)) throw this.#takenError(name, 'is being exported');
    taken.add(blob);
    const release = (): void => void taken.delete(blob);
    try {
      if ((await this.#blobs.list()).includes(blob)) throw this.#takenError(name, 'is there already');
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  /** It is seen when all of it is durable. */
  async put(about: JobSnapshot, records: AsyncIterable<StoreRecord>): Promise<void> {
    await this.#blobs.put(blobOf(about.name), encodeSnapshotOf(withAbout(about, records)));
  }

  /** Oldest first. @throws MillraceError STORE_CORRUPT for one that is damaged */
  async list(): Promise<readonly JobSnapshot[]> {
    const found: JobSnapshot[] = [];
    for (const blob of await this.#blobs.list()) if (blob.startsWith(PREFIX)) found.push(await this.#aboutOf(blob));
    return found.sort((one, other) => one.takenAtMs - other.takenAtMs);
  }

  /** @throws MillraceError INVALID_OPTIONS where there is none, STORE_CORRUPT */
  async read(name: string): Promise<ReadSnapshot> {
    checkName(name);
    const blob = blobOf(name);
    if (!(await this.#blobs.list()).includes(blob)) throw await this.#unknown(name);
    const about = await this.#aboutOf(blob);
    return { about, records: this.#records(blob) };
  }

  /** Removes it. @throws MillraceError INVALID_OPTIONS where there is none */
  async remove(name: string): Promise<void> {
    checkName(name);
    const blob = blobOf(name);
    if (!(await this.#blobs.list()).includes(blob)) throw await this.#unknown(name);
    await this.#blobs.remove(blob);
  }

  async *#records(blob: string): AsyncGenerator<StoreBatch, void> {
    const what = `${blob} in ${this.#location}`;
    for await (const slice of decodeSnapshot(this.#blobs.get(blob), what)) {
      const batch = decodeBatch(slice, what);
      batch.delete(ABOUT);
      if (batch.size > 0) yield batch;
    }
  }

  async #aboutOf(blob: string): Promise<JobSnapshot> {
    const what = `${blob} in ${this.#location}`;
    for await (const slice of decodeSnapshot(this.#blobs.get(blob), what)) {
      const bytes = decodeBatch(slice, what).get(ABOUT);
      const about = bytes === undefined ? undefined : asJobSnapshot(decodeStored(bytes));
      if (about !== undefined) return about;
      break;
    }
    throw new MillraceError('STORE_CORRUPT', `${what} is no snapshot that this version can read`);
  }

  #takenError(name: string, what: string): MillraceError {
    return new MillraceError('INVALID_STATE', `a snapshot "${name}" ${what} in ${this.#location}`, {
      advice: 'Choose another name, or delete that one first (deleteSnapshot, millrace snapshots --delete).',
    });
  }

  async #unknown(name: string): Promise<MillraceError> {
    const names = (await this.list()).map((one) => one.name);
    const closest = closestName(name, names);
    const hint = closest === undefined ? '' : `: did you mean "${closest}"?`;
    return new MillraceError('INVALID_OPTIONS', `there is no snapshot "${name}" in ${this.#location}${hint}`, {
      advice: names.length === 0 ? 'There are none.' : `There are: ${names.map((one) => `"${one}"`).join(', ')}.`,
      details: { snapshot: name },
    });
  }
}

async function* withAbout(about: JobSnapshot, records: AsyncIterable<StoreRecord>): AsyncGenerator<StoreRecord, void> {
  yield { key: ABOUT, value: encodeStored(about) };
  yield* records;
}

const blobOf = (name: string): string => `${PREFIX}${jobKey(name, READABLE)}`;

const checkName = (name: unknown): void => {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME && isWellFormed(name)) return;
  throw new MillraceError(
    'INVALID_OPTIONS',
    `the name of a snapshot must be well-formed text of 1 to ${MAX_NAME} characters`,
  );
};
