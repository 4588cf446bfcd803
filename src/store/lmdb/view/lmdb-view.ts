import { rm } from 'node:fs/promises';
import { MillraceError } from '../../../errors/index.js';
import { syncFoundName } from '../../../internal/files/sync-name.js';
import { syncFile } from '../../directory/private-directory.js';
import type { LocalView } from '../../log/local-view.js';
import { LOG_START, type LogPoint } from '../../log/record/log-point.js';
import { storageError } from '../../storage-error.js';
import type { StoreBatch, StoreRecord } from '../../store.js';
import { type FileChange, type LmdbFile, openLmdbFile } from '../file/lmdb-file.js';
import { openCheckedFile } from '../opening/open-checked-file.js';
import { OpeningMark } from '../opening/opening-mark.js';
import { provideRoom } from '../opening/provide-room.js';
import { encodeBodyChanges, encodeChanges, encodeOwn, LmdbRecords } from '../records/lmdb-records.js';
import { BootMark } from './boot-mark.js';
import { batchSlices, keySlices } from './key-slices.js';
import { decodeView, encodeView, type ViewRecord } from './view-record.js';

interface Opened {
  readonly file: LmdbFile;
  readonly records: LmdbRecords;
}

/** What a view says of its records. */
type Standing = Pick<ViewRecord, 'applied' | 'reached'>;

const EMPTY: Standing = { applied: LOG_START, reached: LOG_START };

/**
 * Opens the view in a file, as far as it can be trusted: of the log that has this identity, closed in order or left by a process that was
 * killed, and no reason for the end of one (X8). Any other is made anew, for a view can be.
 * @param path its directory is there, and ours alone
 * @throws MillraceError STORE_FULL, STORAGE_FAILED
 */
export async function openLmdbView(path: string, identity: string): Promise<LocalView> {
  try {
    const boot = new BootMark(path);
    const mark = await OpeningMark.make(path);
    if (mark.suspect || !(await boot.isWhole())) await removeFile(path);
    await boot.make();
    const { opened, found } = await openTrusted(path, identity);
    return new LmdbView({ path, identity, boot, mark }, opened, found);
  } catch (error) {
    throw storageError(error, `cannot open the view ${path}`);
  }
}

async function openTrusted(path: string, identity: string): Promise<{ opened: Opened; found: Standing }> {
  const opened = await openLeft(path).catch(async () => {
    await removeFile(path);
    return openNew(path);
  });
  const found = foundIn(opened, identity);
  if (found !== undefined) return { opened, found };
  return { opened: await openAnew(path, opened), found: EMPTY };
}

function foundIn({ records }: Opened, identity: string): Standing | undefined {
  try {
    const view = decodeView(records.getOwn('view'));
    return view?.identity === identity ? view : undefined;
  } catch {
    return undefined;
  }
}

async function openLeft(path: string): Promise<Opened> {
  const file = await openCheckedFile(path, 'never');
  return { file, records: new LmdbRecords(file, path) };
}

async function openNew(path: string): Promise<Opened> {
  await provideRoom(path);
  const file = await openLmdbFile(path, 'never');
  return { file, records: new LmdbRecords(file, path) };
}

async function openAnew(path: string, { file }: Opened): Promise<Opened> {
  await file.close();
  await removeFile(path);
  return openNew(path);
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}-lock`, { force: true });
}

interface LmdbViewParts {
  readonly path: string;
  readonly identity: string;
  readonly boot: BootMark;
  readonly mark: OpeningMark;
}

/** A view in an LMDB file that is not flushed while it is written: state may be larger than memory, and a commit waits for no disk. */
class LmdbView implements LocalView {
  readonly #parts: LmdbViewParts;
  #opened: Opened;
  #standing: Standing;
  /** The mark says that something was applied (X8). */
  #passed = false;
  /** It is not what was written. */
  #damaged = false;
  #closing: Promise<void> | undefined;

  constructor(parts: LmdbViewParts, opened: Opened, found: Standing) {
    this.#parts = parts;
    this.#opened = opened;
    this.#standing = found;
  }

  get applied(): LogPoint {
    return this.#standing.applied;
  }

  get reached(): LogPoint {
    return this.#standing.reached;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    try {
      return this.#opened.records.get(key);
    } catch (error) {
      throw this.#distrusted(error);
    }
  }

  *range(from: string, to: string): Generator<StoreRecord, void> {
    try {
      yield* this.#opened.records.range(from, to, () => this.#checkOpen());
    } catch (error) {
      throw this.#distrusted(error);
    }
  }

  async apply(batch: StoreBatch, point: LogPoint): Promise<void> {
    await this.#noted(point, async () => this.#writeSlices(await batchSlices(batch), encodeChanges, point));
  }

  async applyBodies(bodies: readonly Uint8Array[], point: LogPoint): Promise<void> {
    await this.#noted(point, async () =>
      this.#writeSlices(await keySlices(bodies, this.#parts.path), encodeBodyChanges, point),
    );
  }

  async reset(): Promise<void> {
    this.#checkOpen();
    this.#opened = await openAnew(this.#parts.path, this.#opened);
    this.#standing = EMPTY;
  }

  async #noted(point: LogPoint, write: () => Promise<void>): Promise<void> {
    this.#checkOpen();
    const { path, mark } = this.#parts;
    try {
      await write();
      if (!this.#passed && !this.#damaged) await mark.passed();
      this.#passed = true;
    } catch (error) {
      throw this.#distrusted(storageError(error, `cannot write the view ${path}`));
    }
    this.#standing = this.#at(point);
  }

  /** All up to there is applied; something may be there of what is behind it. */
  #at(point: LogPoint): Standing {
    return { applied: point, reached: this.reached.seq > point.seq ? this.reached : point };
  }

  /** Each slice is a transaction, and the next one is made ready while it is written. The first says how far they go, the last that they are there. */
  async #writeSlices<T>(
    slices: readonly T[][],
    encode: (slice: readonly T[]) => FileChange[],
    point: LogPoint,
  ): Promise<void> {
    this.#standing = { applied: this.applied, reached: this.#at(point).reached };
    let written: Promise<void> | undefined;
    for (const [index, slice] of slices.entries()) {
      const changes = encode(slice);
      if (index === slices.length - 1) changes.push(...this.#encodeStanding(this.#at(point)));
      else if (index === 0) changes.push(...this.#encodeStanding(this.#standing));
      await written;
      written = this.#opened.file.write(changes);
    }
    await written;
  }

  #encodeStanding(standing: Standing): FileChange[] {
    const { identity } = this.#parts;
    return encodeOwn(new Map([['view', encodeView({ identity, ...standing })]]));
  }

  close(openedAgain = false): Promise<void> {
    this.#closing ??= this.#close(openedAgain);
    return this.#closing;
  }

  async #close(openedAgain: boolean): Promise<void> {
    const { path, mark } = this.#parts;
    await this.#opened.file.close();
    // else it is as a process leaves it that is killed: whole until the system ends
    if (!openedAgain) await this.#flush();
    if (this.#damaged) await removeFile(path);
    await mark.clear();
  }

  async #flush(): Promise<void> {
    const { path, boot } = this.#parts;
    try {
      await syncFile(path);
      // else another file could be back under its name, without the mark
      await syncFoundName(path);
      await boot.clear();
    } catch {
      // it is made anew where the power fails before the system has written it
    }
  }

  /** Damage of a view is no loss: the next opening makes it anew, also where this one comes to no end in order. */
  #distrusted(error: unknown): unknown {
    if (!(error instanceof MillraceError) || error.code !== 'STORE_CORRUPT') return error;
    // it says 'opening' still where nothing was applied
    if (!this.#damaged && this.#passed) void this.#parts.mark.distrust();
    this.#damaged = true;
    return new MillraceError('STORAGE_FAILED', `the view is damaged: ${error.message}`, {
      cause: error,
      advice:
        'Open the store again, as a restart of the job does: its view is made anew from its log and its last snapshot, and nothing that was acknowledged is lost. Check the disk.',
      details: { path: this.#parts.path },
    });
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new MillraceError('INVALID_STATE', `the view ${this.#parts.path} is closed`);
  }
}
