import { MillraceError } from '../../errors/index.js';
import { checkBatch, checkKey, MAX_COMMIT_BYTES, MAX_KEY_BYTES } from '../check-batch.js';
import { checkInPlace, type FileIdentity } from '../directory/file-identity.js';
import { PlaceWatch } from '../directory/place-watch.js';
import { GroupCommitter } from '../group-committer.js';
import type { Store, StoreBatch, StoreRecord } from '../store.js';
import { failedWrite } from './file/failed-write.js';
import type { FileChange, LmdbFile } from './file/lmdb-file.js';
import type { OpeningMark } from './opening/opening-mark.js';
import { encodeCommits } from './records/commits-record.js';
import { encodeChanges, encodeOwn, LmdbRecords } from './records/lmdb-records.js';

/** Opened by `openLmdbStore`, which has checked the file. */
export interface LmdbStoreParts {
  readonly file: LmdbFile;
  /** For messages, and to see whether it still leads to that file (`checkInPlace`). */
  readonly path: string;
  /** The file that the path leads to. */
  readonly identity: FileIdentity | undefined;
  /** Commits that the file has had. */
  readonly commits: number;
  /** Beside the file from before it was opened until it is closed (X8). */
  readonly mark: OpeningMark;
  /** Called once, when it may be opened again. */
  readonly onClosed: () => void;
}

/** A store in an LMDB file. Reads see the last durable commit; nothing that is handed out pins a snapshot of the file. */
export class LmdbStore implements Store {
  readonly maxCommitBytes = MAX_COMMIT_BYTES;
  readonly maxKeyBytes = MAX_KEY_BYTES;
  readonly #parts: LmdbStoreParts;
  readonly #records: LmdbRecords;
  readonly #group = new GroupCommitter<readonly FileChange[]>((group) => this.#write(group), MAX_COMMIT_BYTES);
  readonly #place: PlaceWatch;
  #commits: number;
  /** The mark says that there was a commit (X8). */
  #passed = false;
  #closing: Promise<void> | undefined;

  constructor(parts: LmdbStoreParts) {
    this.#parts = parts;
    this.#records = new LmdbRecords(parts.file, parts.path);
    this.#commits = parts.commits;
    this.#place = new PlaceWatch(parts);
  }

  get lost(): Promise<MillraceError> {
    return this.#place.lost;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    checkKey(key);
    return this.#records.get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    return this.#records.range(from, to, () => this.#checkOpen());
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#checkOpen();
    const bytes = checkBatch(batch);
    return this.#group.commit(encodeChanges(batch), bytes);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#place[Symbol.dispose]();
    // in this order: what is under way is written, the file is let go of, and only then may the next start take it for whole
    await this.#group.idle();
    await this.#parts.file.close();
    await this.#parts.mark.clear();
    this.#parts.onClosed();
    // behind the last look, and the last commit, which may be awaited by nobody
    checkInPlace(this.#parts);
  }

  /** Not called again after it has rejected (R13). */
  async #write(group: readonly (readonly FileChange[])[]): Promise<void> {
    const changes = group.flat();
    if (changes.length === 0) return;
    const commits = this.#commits + 1;
    try {
      const all = [...encodeOwn(new Map([['commits', encodeCommits(commits)]])), ...changes];
      await this.#parts.file.write(all);
      checkInPlace(this.#parts);
    } catch (error) {
      throw await failedWrite(error, this.#parts.path, changes);
    }
    this.#commits = commits;
    if (!this.#passed) await this.#parts.mark.passed();
    this.#passed = true;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new MillraceError('INVALID_STATE', `the store ${this.#parts.path} is closed`);
  }
}
