import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { SinkProgress, SinkWriter } from '../../../connector/sink-writer.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { Readiness } from '../../../internal/readiness.js';
import type { AppendFile } from './append-file.js';
import { deadLetterRecord } from './dead-letter-record.js';

const MAX_BUFFERED_LINES = 10_000;
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/**
 * Appends dead letters to a file as lines. All that has gathered goes out with one write and one fsync, and counts as
 * delivered only after the fsync. A failure of either is final and never tried again (R13).
 */
export class FileWriter implements SinkWriter<DeadLetter> {
  readonly #file: AppendFile;
  readonly #path: string;
  readonly #readiness = new Readiness();
  #lines: string[] = [];
  #bytes = 0;
  #delivered = 0;
  #reported = 0;
  #left = false;
  #writing: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  #closed: Promise<void> | undefined;

  constructor(file: AppendFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  write(items: readonly DeadLetter[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    let taken = 0;
    for (const letter of items) {
      if (!this.#hasRoom) break;
      const line = `${deadLetterRecord(letter)}\n`;
      this.#lines.push(line);
      this.#bytes += line.length;
      taken += 1;
    }
    this.#left = taken < items.length;
    return taken;
  }

  flush(): void {
    if (this.#writing !== undefined || this.#lines.length === 0 || this.#failure !== undefined) return;
    this.#writing = this.#writeAll();
  }

  progress(): SinkProgress {
    this.#reported = this.#delivered;
    return { delivered: this.#delivered, rejected: [] };
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#delivered > this.#reported) return Promise.resolve();
    if (!this.#left || !this.#hasRoom) return this.#readiness.wait();
    this.#left = false;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #hasRoom(): boolean {
    return this.#lines.length < MAX_BUFFERED_LINES && this.#bytes < MAX_BUFFERED_BYTES;
  }

  /** Never rejects. Goes on while lines come in, so that nothing waits for another flush. */
  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0 && this.#closed === undefined) {
      const lines = this.#lines;
      this.#lines = [];
      this.#bytes = 0;
      try {
        await this.#file.append(Buffer.from(lines.join('')));
      } catch (error) {
        this.#fail(error);
        break;
      }
      this.#delivered += lines.length;
      this.#readiness.notify();
    }
    this.#writing = undefined;
  }

  async #close(): Promise<void> {
    await this.#writing;
    // A failed file has nothing left that closing could lose.
    await this.#file.close().catch(() => undefined);
  }

  #fail(cause: unknown): void {
    this.#failure = storageError(this.#path, cause);
    this.#readiness.fail(this.#failure);
  }
}

/** The error of a dead-letter file that cannot be opened or written. */
export const storageError = (path: string, cause: unknown): MillraceError =>
  new MillraceError('STORAGE_FAILED', `the dead-letter file ${path} failed: ${String(cause)}`, {
    cause,
    advice: 'Check the disk, its free space and the permissions; then start the job again.',
    details: { path },
  });
