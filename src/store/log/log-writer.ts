import { MillraceError } from '../../errors/index.js';
import type { LogEntry, PartitionLog } from './partition-log.js';
import { pointOf } from './record/follow.js';
import { LOG_START, type LogPoint } from './record/log-point.js';
import { crcOf, decodeRecord, encodeRecord, RECORD_HEAD_BYTES, type RecordKind } from './record/log-record.js';

/** So many records of a former owner may come between reading the last one and writing behind it. */
const MOST_ATTEMPTS = 1_000;

/**
 * Writes the log of a partition as its only owner (C1): each record right behind the last one, one at a time. With two under way a
 * record of another owner could be refused the first place and get the second.
 */
export class LogWriter {
  readonly #log: PartitionLog;
  #head: LogPoint;
  #snapshot: number;
  #busy = false;

  private constructor(log: PartitionLog, head: LogPoint, snapshot: number) {
    this.#log = log;
    this.#head = head;
    this.#snapshot = snapshot;
  }

  /**
   * Makes the caller the owner, by a fence behind the last record: nothing that a former owner still sends enters any more.
   * @param epoch higher than that of any owner before
   * @param known what was the last record a moment ago, where somebody has looked: where more has come the log is asked
   * @throws MillraceError STORE_FENCED when the log has this epoch, or a higher one; STORE_CORRUPT, STORE_VERSION, and those of the log
   */
  static async take(log: PartitionLog, epoch: number, known?: LogEntry): Promise<LogWriter> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const last = attempt === 0 && known !== undefined ? known : await log.last();
      const writer = LogWriter.#behind(log, last);
      // A late claim must not fence out a newer one.
      if (writer.#head.epoch >= epoch) throw fenced(log, `epoch ${writer.#head.epoch} has it, and this is ${epoch}`);
      try {
        await writer.#append({ kind: 'fence', epoch, number: 0, body: new Uint8Array() });
        return writer;
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'STORE_FENCED') throw error;
      }
    }
    throw fenced(log, `its owner came between each of ${MOST_ATTEMPTS} attempts to take it`);
  }

  static #behind(log: PartitionLog, last: LogEntry | undefined): LogWriter {
    if (last === undefined) return new LogWriter(log, LOG_START, 0);
    const record = decodeRecord(last.record, `${log.location} at ${last.seq}`);
    const snapshot = record.kind === 'snapshot' ? last.seq : record.snapshot;
    return new LogWriter(log, pointOf(last.seq, record), snapshot);
  }

  /** The last record. */
  get head(): LogPoint {
    return this.#head;
  }

  /** The seq of the last snapshot record; 0: there is none. */
  get snapshot(): number {
    return this.#snapshot;
  }

  /** Bytes that the body of a record may have. */
  get maxBodyBytes(): number {
    return this.#log.maxRecordBytes - RECORD_HEAD_BYTES;
  }

  /**
   * Appends a record. After a rejection the writer is done for: what it knows of the head may be wrong.
   * @returns where it stands
   */
  append(kind: Exclude<RecordKind, 'fence'>, body: Uint8Array): Promise<LogPoint> {
    const { epoch, number } = this.#head;
    return this.#append({ kind, epoch, number: number + 1, body });
  }

  async #append({ kind, epoch, number, body }: Appended): Promise<LogPoint> {
    if (this.#busy) throw new MillraceError('INTERNAL', 'a log has one record under way at a time');
    this.#busy = true;
    const { crc: previous, bytes: offset } = this.#head;
    // no spread: V8 takes a microsecond and more for each field behind one, in every commit
    const bytes = encodeRecord({ kind, epoch, number, body, previous, offset, snapshot: this.#snapshot });
    const seq = await this.#log.append(bytes, this.#head.seq);
    this.#busy = false;
    this.#head = { seq, epoch, number, crc: crcOf(bytes), bytes: offset + bytes.byteLength };
    if (kind === 'snapshot') this.#snapshot = seq;
    return this.#head;
  }
}

interface Appended {
  readonly kind: RecordKind;
  readonly epoch: number;
  readonly number: number;
  readonly body: Uint8Array;
}

const fenced = (log: PartitionLog, why: string): MillraceError =>
  new MillraceError('STORE_FENCED', `${log.location} has another owner: ${why}`, {
    advice: 'Nothing is lost: the job goes on where its partition is owned now.',
  });
