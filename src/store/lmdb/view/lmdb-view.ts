import { rm } from 'node:fs/promises';
import { MillraceError } from '../../../errors/index.js';
import { syncFile } from '../../directory/private-directory.js';
import type { LocalView } from '../../log/local-view.js';
import { LOG_START, type LogPoint } from '../../log/record/log-point.js';
import { storageError } from '../../storage-error.js';
import type { StoreBatch, StoreRecord } from '../../store.js';
import { type LmdbFile, openLmdbFile } from '../file/lmdb-file.js';
import { openCheckedFile } from '../opening/open-checked-file.js';
import { OpeningMark } from '../opening/opening-mark.js';
import { provideRoom } from '../opening/provide-room.js';
import { encodeBatch, encodeOwn, LmdbRecords } from '../records/lmdb-records.js';
import { BootMark } from './boot-mark.js';
import { decodeView, encodeView } from './view-record.js';

interface Opened {
  readonly file: LmdbFile;
  readonly records: LmdbRecords;
}

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
    const { opened, applied } = await openTrusted(path, identity);
    return new LmdbView({ path, identity, boot, mark }, opened, applied);
  } catch (error) {
    throw storageError(error, `cannot open the view ${path}`);
  }
}

async function openTrusted(path: string, identity: string): Promise<{ opened: Opened; applied: LogPoint }> {
  const opened = await openLeft(path).catch(async () => {
    await removeFile(path);
    return openNew(path);
  });
  const applied = appliedBy(opened, identity);
  if (applied !== undefined) return { opened, applied };
  return { opened: await openAnew(path, opened), applied: LOG_START };
}

function appliedBy({ records }: Opened, identity: string): LogPoint | undefined {
  try {
    const view = decodeView(records.getOwn('view'));
    return view?.identity === identity ? view.applied : undefined;
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
  #applied: LogPoint;
  /** The mark says that something was applied (X8). */
  #passed = false;
  #closing: Promise<void> | undefined;

  constructor(parts: LmdbViewParts, opened: Opened, applied: LogPoint) {
    this.#parts = parts;
    this.#opened = opened;
    this.#applied = applied;
  }

  get applied(): LogPoint {
    return this.#applied;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    return this.#opened.records.get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    return this.#opened.records.range(from, to, () => this.#checkOpen());
  }

  async apply(batches: readonly StoreBatch[], point: LogPoint): Promise<void> {
    this.#checkOpen();
    const { path, identity, mark } = this.#parts;
    const own = encodeOwn(new Map([['view', encodeView({ identity, applied: point })]]));
    try {
      await this.#opened.file.write([...batches.flatMap(encodeBatch), ...own]);
      if (!this.#passed) await mark.passed();
      this.#passed = true;
    } catch (error) {
      throw storageError(error, `cannot write the view ${path}`);
    }
    this.#applied = point;
  }

  async reset(): Promise<void> {
    this.#checkOpen();
    this.#opened = await openAnew(this.#parts.path, this.#opened);
    this.#applied = LOG_START;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { path, boot, mark } = this.#parts;
    await this.#opened.file.close();
    try {
      await syncFile(path);
      await boot.clear();
    } catch {
      // it is made anew where the power fails before the system has written it
    }
    await mark.clear();
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new MillraceError('INVALID_STATE', `the view ${this.#parts.path} is closed`);
  }
}
