import { MillraceError } from '../../errors/index.js';
import type { NatsClient } from '../../nats/index.js';
import type { LogEntry, PartitionLog } from '../log/partition-log.js';
import { AppendRecord } from './append-record.js';
import { lastRecord } from './last-record.js';
import type { PartitionStream } from './partition-stream.js';
import { readRecords } from './read-records.js';
import { piecesOf } from './record-pieces.js';
import { watchStall } from './stall-watch.js';

/** What a log stands on. */
export interface JetStreamLogParts {
  readonly client: NatsClient;
  readonly stream: PartitionStream;
  readonly subject: string;
  readonly location: string;
  readonly identity: string;
  /** Of a message: a record that is larger is a batch of several. */
  readonly pieceBytes: number;
  readonly maxRecordBytes: number;
  readonly onStalled: ((ms: number) => void) | undefined;
}

/**
 * A log in a stream of JetStream. A record is one message, or a batch of messages that the server lets in together; its seq is that of
 * the last one. Opened by `JetStreamLogs`, which has looked at the stream.
 */
export class JetStreamLog implements PartitionLog {
  readonly shared = true;
  readonly #parts: JetStreamLogParts;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(parts: JetStreamLogParts) {
    this.#parts = parts;
  }

  get location(): string {
    return this.#parts.location;
  }

  get identity(): string {
    return this.#parts.identity;
  }

  get maxRecordBytes(): number {
    return this.#parts.maxRecordBytes;
  }

  last(): Promise<LogEntry | undefined> {
    return this.#run(async () => (await lastRecord(this.#parts.stream, this.location))?.entry);
  }

  append(record: Uint8Array, expected: number): Promise<number> {
    return this.#run(async () => {
      const { maxRecordBytes, pieceBytes, onStalled } = this.#parts;
      if (record.byteLength > maxRecordBytes) {
        throw new MillraceError(
          'INVALID_OPTIONS',
          `a record of ${record.byteLength} bytes is larger than the ${maxRecordBytes} of ${this.location}`,
        );
      }
      const stop = watchStall(onStalled);
      try {
        return await new AppendRecord({ ...this.#parts, pieces: piecesOf(record, pieceBytes), expected }).run();
      } finally {
        stop();
      }
    });
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    this.#checkOpen();
    yield* readRecords({
      stream: this.#parts.stream,
      location: this.location,
      after,
      upTo,
      checkOpen: () => this.#checkOpen(),
    });
  }

  async wholeFrom(): Promise<number> {
    this.#checkOpen();
    return this.#parts.stream.wholeFrom();
  }

  trim(upTo: number): Promise<void> {
    return this.#run(async () => {
      const last = await lastRecord(this.#parts.stream, this.location);
      if (last === undefined || upTo <= 0) return;
      await this.#parts.stream.purge(Math.min(upTo + 1, last.first));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new MillraceError('INVALID_STATE', `${this.location} is closed`);
  }
}
