import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import { checkBatch, checkKey, MAX_COMMIT_BYTES, MAX_KEY_BYTES } from '../check-batch.js';
import { GroupCommitter } from '../group-committer.js';
import type { Store, StoreBatch, StoreChange, StoreRecord } from '../store.js';
import type { LocalView } from './local-view.js';
import { LogWatch } from './log-watch.js';
import type { LogWriter } from './log-writer.js';
import type { PartitionLog } from './partition-log.js';
import { readMerged } from './read-merged.js';
import { encodeBatch } from './record/batch-codec.js';
import type { SnapshotSizes } from './snapshot/snapshot-policy.js';
import { Snapshotter } from './snapshot/snapshotter.js';
import type { SnapshotBlobs } from './snapshot-blobs.js';
import { ViewWriter } from './view-writer.js';

/** A record has more than the keys and values of its commit, so a commit may have a part of what a record may. */
const RECORD_SHARE = 0.5;

/** What waits for its place in the log. */
interface Entry {
  readonly kind: 'commit' | 'proof' | 'snapshot';
  readonly body: Buffer;
  /** Of a commit; values are views of the body. */
  readonly changes: readonly StoreChange[];
}

const NOTHING: readonly StoreChange[] = [];
const RENEWAL: Entry = { kind: 'proof', body: Buffer.alloc(0), changes: NOTHING };

/** Opened by `openLogStore`: the log is ours, and the view has all of it. */
export interface LogStoreParts {
  readonly log: PartitionLog;
  readonly writer: LogWriter;
  readonly view: LocalView;
  readonly blobs: SnapshotBlobs;
  readonly sizes: SnapshotSizes;
  /** See `isSnapshotDue`. */
  readonly snapshotBytes: number;
  /** See `ViewWriter`. */
  readonly behindBytes: number;
  /** See `SnapshotterParts`. */
  readonly snapshotFailed: (error: MillraceError) => void;
  /** See `LogWatchParts`. */
  readonly recordsRemoved: () => void;
  readonly lookMs: number;
  /** Called once, when it may be opened again. */
  readonly onClosed: () => void;
}

/**
 * A store whose commits are records of a log, and whose reads are those of a view on this machine. A commit is durable, and seen, when
 * the log has it; the view is written behind, and what it does not have yet stands over it (`PendingChanges`).
 */
export class LogStore implements Store {
  readonly maxCommitBytes: number;
  readonly maxKeyBytes = MAX_KEY_BYTES;
  readonly renew?: () => Promise<void>;
  readonly lost: Promise<MillraceError> | undefined;
  readonly #parts: LogStoreParts;
  readonly #behind: ViewWriter;
  readonly #group: GroupCommitter<Entry>;
  readonly #snapshots: Snapshotter;
  readonly #watch: LogWatch | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: LogStoreParts) {
    const { log, view, blobs, writer, sizes, snapshotFailed } = parts;
    this.#parts = parts;
    this.#behind = new ViewWriter(view, parts.behindBytes);
    const { maxBodyBytes } = writer;
    this.maxCommitBytes = Math.min(MAX_COMMIT_BYTES, Math.floor(maxBodyBytes * RECORD_SHARE));
    this.#group = new GroupCommitter((group) => this.#write(group), maxBodyBytes);
    const append = (body: Buffer): Promise<void> => this.#append({ kind: 'snapshot', body, changes: NOTHING });
    const { epoch } = writer.head;
    const leastBytes = parts.snapshotBytes;
    const catchUp = (): Promise<void> => this.#behind.catchUp();
    this.#snapshots = new Snapshotter(
      { log, view, catchUp, blobs, epoch, leastBytes, append, failed: snapshotFailed },
      sizes,
    );
    if (log.shared) this.renew = () => this.#renew();
    const gone = deferred<MillraceError>();
    this.#watch = this.#watchLog(gone.resolve);
    this.lost = this.#watch === undefined ? log.lost : gone.promise;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    checkKey(key);
    const change = this.#behind.pending.get(key);
    if (change === undefined) return this.#parts.view.get(key);
    return change.value && new Uint8Array(change.value);
  }

  *range(from: string, to: string): Generator<StoreRecord, void> {
    this.#checkOpen();
    for (const record of readMerged(this.#parts.view, this.#behind.pending, [from, to])) {
      yield record;
      this.#checkOpen();
    }
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#checkOpen();
    const bytes = checkBatch(batch, this.maxCommitBytes);
    const { body, changes } = encodeBatch(batch, bytes);
    const entry: Entry = { kind: 'commit', body, changes };
    this.#checkFits(entry);
    return this.#append(entry);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #renew(): Promise<void> {
    this.#checkOpen();
    return this.#append(RENEWAL);
  }

  /** Where somebody else can remove records. */
  #watchLog(gone: (error: MillraceError) => void): LogWatch | undefined {
    const { log, writer, recordsRemoved, lookMs } = this.#parts;
    if (log.wholeFrom === undefined) return undefined;
    const wholeFrom = (): Promise<number> => log.wholeFrom?.() ?? Promise.resolve(0);
    const prove = (): Promise<void> => this.#renew();
    return new LogWatch({
      log,
      wholeFrom,
      writer,
      snapshots: this.#snapshots,
      prove,
      removed: recordsRemoved,
      gone,
      lookMs,
    });
  }

  async #close(): Promise<void> {
    this.#watch?.close();
    await this.#snapshots.close();
    await this.#group.idle();
    await this.#behind.catchUp();
    await this.#behind.idle();
    const { view, log, onClosed } = this.#parts;
    try {
      await view.close();
    } finally {
      // else the partition could not be opened again
      await log.close().finally(onClosed);
    }
  }

  #append(entry: Entry): Promise<void> {
    return this.#group.commit(entry, entry.body.byteLength);
  }

  /** Not called again after it has rejected (R13). */
  async #write(group: readonly Entry[]): Promise<void> {
    const room = this.#behind.room();
    if (room !== undefined) await room;
    await this.#writeCommits(group);
    for (const { kind, body } of group) if (kind === 'snapshot') await this.#writeRecord(kind, body);
  }

  #writeCommits(group: readonly Entry[]): Promise<void> | undefined {
    const commits = group.filter(({ body, kind }) => kind === 'commit' && body.byteLength > 0);
    const [first] = commits;
    if (first !== undefined) {
      const body = commits.length === 1 ? first.body : Buffer.concat(commits.map(({ body }) => body));
      return this.#writeRecord('commit', body, commits);
    }
    // beside commits there is no need for it: only the owner can make them
    return group.includes(RENEWAL) ? this.#writeRecord('proof', RENEWAL.body) : undefined;
  }

  async #writeRecord(kind: Entry['kind'], body: Buffer, commits: readonly Entry[] = [RENEWAL]): Promise<void> {
    const { writer } = this.#parts;
    const before = writer.head.bytes;
    const point = await writer.append(kind, body);
    for (const { changes } of commits) this.#behind.add(changes, point);
    this.#snapshots.grown(point.bytes - before);
  }

  #checkFits({ body, changes }: Entry): void {
    const { maxBodyBytes } = this.#parts.writer;
    if (body.byteLength <= maxBodyBytes) return;
    throw new MillraceError(
      'INVALID_OPTIONS',
      `a commit of ${changes.length} changes has ${body.byteLength} bytes in the log, which takes ${maxBodyBytes}`,
      { advice: 'Put less into one commit; nothing of it was stored.' },
    );
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new MillraceError('INVALID_STATE', `the store ${this.#parts.log.location} is closed`);
    }
  }
}
