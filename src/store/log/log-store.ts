import { MillraceError } from '../../errors/index.js';
import { checkBatch, checkKey, MAX_COMMIT_BYTES, MAX_KEY_BYTES } from '../check-batch.js';
import { GroupCommitter } from '../group-committer.js';
import type { Store, StoreBatch, StoreRecord } from '../store.js';
import type { LocalView } from './local-view.js';
import type { LogWriter } from './log-writer.js';
import type { PartitionLog } from './partition-log.js';
import { readMerged } from './read-merged.js';
import { type EncodedBatch, encodeBatch } from './record/batch-codec.js';
import { ViewWriter } from './view-writer.js';

/** A record has more than the keys and values of its commit, so a commit may have a part of what a record may. */
const RECORD_SHARE = 0.5;

/** What `renew` puts in line. */
const RENEWAL: EncodedBatch = { body: Buffer.alloc(0), changes: new Map() };

/** Opened by `openLogStore`: the log is ours, and the view has all of it. */
export interface LogStoreParts {
  readonly log: PartitionLog;
  readonly writer: LogWriter;
  readonly view: LocalView;
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
  readonly #parts: LogStoreParts;
  readonly #behind: ViewWriter;
  readonly #group: GroupCommitter<EncodedBatch>;
  #closing: Promise<void> | undefined;

  constructor(parts: LogStoreParts) {
    this.#parts = parts;
    this.#behind = new ViewWriter(parts.view);
    const { maxBodyBytes } = parts.writer;
    this.maxCommitBytes = Math.min(MAX_COMMIT_BYTES, Math.floor(maxBodyBytes * RECORD_SHARE));
    this.#group = new GroupCommitter((group) => this.#write(group), maxBodyBytes);
    if (parts.log.shared) this.renew = () => this.#renew();
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
    checkBatch(batch, this.maxCommitBytes);
    const encoded = encodeBatch(batch);
    this.#checkFits(encoded);
    return this.#group.commit(encoded, encoded.body.byteLength);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #renew(): Promise<void> {
    this.#checkOpen();
    return this.#group.commit(RENEWAL, 0);
  }

  async #close(): Promise<void> {
    await this.#group.idle();
    await this.#behind.idle();
    await this.#parts.view.close();
    await this.#parts.log.close();
    this.#parts.onClosed();
  }

  /** Not called again after it has rejected (R13). */
  async #write(group: readonly EncodedBatch[]): Promise<void> {
    await this.#behind.room();
    const [first] = group;
    const body = first !== undefined && group.length === 1 ? first.body : Buffer.concat(group.map(({ body }) => body));
    if (body.byteLength === 0 && !group.includes(RENEWAL)) return;
    // a commit among them is the proof
    const point = await this.#parts.writer.append(body.byteLength === 0 ? 'proof' : 'commit', body);
    for (const { changes } of group) this.#behind.add(changes, point);
  }

  #checkFits({ body, changes }: EncodedBatch): void {
    const { maxBodyBytes } = this.#parts.writer;
    if (body.byteLength <= maxBodyBytes) return;
    throw new MillraceError(
      'INVALID_OPTIONS',
      `a commit of ${changes.size} changes has ${body.byteLength} bytes in the log, which takes ${maxBodyBytes}`,
      { advice: 'Put less into one commit; nothing of it was stored.' },
    );
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new MillraceError('INVALID_STATE', `the store ${this.#parts.log.location} is closed`);
    }
  }
}
