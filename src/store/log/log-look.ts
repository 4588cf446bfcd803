import { crc32 } from 'node:zlib';
import type { MillraceError } from '../../errors/index.js';
import { ProblemList } from '../look/problem-list.js';
import type { RecordLook, WantedKey } from '../look/record-look.js';
import type { StoreRecord } from '../store.js';
import { readSnapshotRecord } from './opening/restore.js';
import type { ReadableLog } from './readable-log.js';
import { decodeBatch } from './record/batch-codec.js';
import { follow, pointOf } from './record/follow.js';
import { LOG_START, type LogPoint } from './record/log-point.js';
import { decodeRecord } from './record/log-record.js';
import { decodeSnapshot } from './snapshot/snapshot-codec.js';
import type { SnapshotRecord } from './snapshot/snapshot-record.js';
import type { SnapshotBlobs } from './snapshot-blobs.js';

/** Of the log behind its snapshot, at once in memory: more is read in several passes, each with a part of the keys. */
const PASS_BYTES = 32 * 1024 * 1024;

type Change = Uint8Array | undefined;

/**
 * What a log and its last snapshot lead to, without the view: that is its owner's, and never trusted beyond the log (`LocalView`). Nothing is
 * written anywhere, and nothing is asked of an owner. Memory is bounded by `PASS_BYTES`, whatever the state has.
 */
export class LogLook implements RecordLook {
  /** The last record; undefined: the log has none that can be read. */
  readonly head: LogPoint | undefined;
  /** That counts; undefined: there is none, or it cannot be read, which is told. */
  readonly snapshot: SnapshotRecord | undefined;
  readonly #log: ReadableLog;
  readonly #blobs: Pick<SnapshotBlobs, 'get'>;
  readonly #problems: ProblemList;

  private constructor(log: ReadableLog, blobs: Pick<SnapshotBlobs, 'get'>, last: LastRecord) {
    this.#log = log;
    this.#blobs = blobs;
    this.head = last.head;
    this.snapshot = last.snapshot;
    this.#problems = new ProblemList(`cannot read ${log.location}`);
    if (last.problem !== undefined) this.#problems.tell(last.problem);
  }

  /** @throws MillraceError those of the log */
  static async open(log: ReadableLog, blobs: Pick<SnapshotBlobs, 'get'>): Promise<LogLook> {
    return new LogLook(log, blobs, await lastRecord(log));
  }

  get problems(): readonly MillraceError[] {
    return this.#problems.all;
  }

  /** Of the log, behind the snapshot. */
  get tailBytes(): number {
    return (this.head?.bytes ?? 0) - (this.snapshot?.from.bytes ?? 0);
  }

  async *records(wanted: WantedKey): AsyncGenerator<StoreRecord, void> {
    const passes = Math.max(1, Math.ceil(this.tailBytes / PASS_BYTES));
    for (let pass = 0; pass < passes; pass += 1) {
      yield* this.#pass((key) => (passes === 1 || crc32(key) % passes === pass) && wanted(key));
    }
  }

  async *#pass(wanted: WantedKey): AsyncGenerator<StoreRecord, void> {
    const changed = await this.#readTail(wanted);
    yield* this.#readSnapshot((key) => wanted(key) && !changed.has(key));
    for (const [key, value] of changed) if (value !== undefined) yield { key, value };
  }

  /** The last change of each key. */
  async #readTail(wanted: WantedKey): Promise<ReadonlyMap<string, Change>> {
    const changed = new Map<string, Change>();
    let point = this.snapshot?.from ?? LOG_START;
    try {
      for await (const entry of this.#log.read(point.seq, this.head?.seq ?? 0)) {
        const followed = follow(point, entry, this.#log.location);
        point = followed.point;
        if (followed.record.kind === 'commit') this.#take(followed.record.body, entry.seq, { changed, wanted });
      }
    } catch (error) {
      this.#problems.tell(error);
    }
    return changed;
  }

  #take(
    body: Uint8Array,
    seq: number,
    { changed, wanted }: { readonly changed: Map<string, Change>; readonly wanted: WantedKey },
  ): void {
    for (const [key, value] of decodeBatch(body, `${this.#log.location} at ${seq}`)) {
      // a copy: else all of the record stays in memory for it
      if (wanted(key)) changed.set(key, value && new Uint8Array(value));
    }
  }

  async *#readSnapshot(wanted: WantedKey): AsyncGenerator<StoreRecord, void> {
    if (this.snapshot === undefined) return;
    const what = `the snapshot ${this.snapshot.blob} of ${this.#log.location}`;
    const slices = decodeSnapshot(this.#blobs.get(this.snapshot.blob), what);
    while (true) {
      let slice: IteratorResult<Buffer, void>;
      try {
        slice = await slices.next();
      } catch (error) {
        this.#problems.tell(error);
        return;
      }
      if (slice.done === true) return;
      for (const [key, value] of decodeBatch(slice.value, what)) {
        if (value !== undefined && wanted(key)) yield { key, value };
      }
    }
  }
}

interface LastRecord {
  readonly head: LogPoint | undefined;
  readonly snapshot: SnapshotRecord | undefined;
  readonly problem: unknown;
}

async function lastRecord(log: ReadableLog): Promise<LastRecord> {
  const last = await log.last();
  if (last === undefined) return { head: undefined, snapshot: undefined, problem: undefined };
  const record = decodeRecord(last.record, `${log.location} at ${last.seq}`);
  const head = pointOf(last.seq, record);
  const seq = record.kind === 'snapshot' ? last.seq : record.snapshot;
  if (seq === 0) return { head, snapshot: undefined, problem: undefined };
  try {
    return { head, snapshot: await readSnapshotRecord(log, seq), problem: undefined };
  } catch (problem) {
    return { head, snapshot: undefined, problem };
  }
}
