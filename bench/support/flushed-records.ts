import { closeSync, constants, openSync, write } from 'node:fs';

const FILE_BYTES = 16 * 1024 * 1024;

/** Equal records in a file, each durable before its `then` is called. One write is under way at a time; what comes meanwhile shares the next one. */
export class FlushedRecords {
  readonly #file: number;
  readonly #record: Buffer;
  readonly #flushed: () => void;
  #waiting: (() => void)[] = [];
  #writing = false;
  #offset = 0;
  #writes = 0;

  /** @param flushed called once behind those of a write */
  constructor(path: string, recordBytes: number, flushed: () => void) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
    this.#record = Buffer.alloc(recordBytes, 1);
    this.#flushed = flushed;
  }

  get writes(): number {
    return this.#writes;
  }

  add(then: () => void): void {
    this.#waiting.push(then);
    if (!this.#writing) this.#write();
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#writing = true;
    this.#writes += 1;
    const bytes = Buffer.concat(waiting.map(() => this.#record));
    if (this.#offset + bytes.byteLength > FILE_BYTES) this.#offset = 0;
    const at = this.#offset;
    this.#offset += bytes.byteLength;
    write(this.#file, bytes, 0, bytes.byteLength, at, (error) => {
      if (error !== null) throw error;
      this.#writing = false;
      for (const then of waiting) then();
      this.#flushed();
      if (this.#waiting.length > 0 && !this.#writing) this.#write();
    });
  }
}
