import { constants } from 'node:fs';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { corruptError, storageError } from '../../storage-error.js';
import { ENTRY_HEAD_BYTES, type EntryHead, entryBytes, isRecordOf, readHead } from './segment-entry.js';
import { SEGMENT_HEADER_BYTES } from './segment-header.js';

const CHUNK_BYTES = 512 * 1024;

/**
 * Reads the entries of a segment, one behind the other. It has no file open between two calls, so that one that is left in the middle
 * holds nothing.
 */
export class EntryReader {
  readonly #path: string;
  readonly #salt: number;
  #offset: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkOffset = 0;

  /** @param offset of the first entry to be read */
  constructor(path: string, salt: number, offset = SEGMENT_HEADER_BYTES) {
    this.#path = path;
    this.#salt = salt;
    this.#offset = offset;
  }

  /** Behind the entry that was read last. */
  get offset(): number {
    return this.#offset;
  }

  /** The record at this place, in memory that is the reader's own; undefined where no whole entry with this seq stands. */
  async next(seq: number): Promise<Uint8Array | undefined> {
    const head = readHead(await this.#bytes(0, ENTRY_HEAD_BYTES), { offset: this.#offset, salt: this.#salt });
    if (head?.seq !== seq) return undefined;
    const record = await this.#recordOf(head);
    if (record !== undefined) this.#offset += entryBytes(head.length);
    return record;
  }

  /** The same where one has to stand. @throws MillraceError STORE_CORRUPT where none does, or the file is gone, STORAGE_FAILED */
  async needed(seq: number): Promise<Uint8Array> {
    let record: Uint8Array | undefined;
    try {
      record = await this.next(seq);
    } catch (error) {
      if (Object(error).code === 'ENOENT') throw corruptError(`${this.#path} is gone, with the record ${seq}`, error);
      throw storageError(error, `cannot read ${this.#path}`);
    }
    if (record === undefined) throw corruptError(`${this.#path} has no whole record ${seq}`);
    return record;
  }

  async #recordOf(head: EntryHead): Promise<Uint8Array | undefined> {
    const record = await this.#bytes(ENTRY_HEAD_BYTES, head.length);
    return isRecordOf(record, head, this.#salt) ? record : undefined;
  }

  /** So many bytes, fewer at the end of the file, from so far behind the present offset on. */
  async #bytes(behind: number, length: number): Promise<Buffer> {
    const start = this.#offset + behind;
    if (start < this.#chunkOffset || start + length > this.#chunkOffset + this.#chunk.byteLength) {
      this.#chunk = await readFrom(this.#path, start, Math.max(length, CHUNK_BYTES));
      this.#chunkOffset = start;
    }
    return this.#chunk.subarray(start - this.#chunkOffset, start - this.#chunkOffset + length);
  }
}

/** Up to `length` bytes of a file of ours. */
export async function readFrom(path: string, position: number, length: number): Promise<Buffer> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}
