import { crc32 } from 'node:zlib';
import { corruptError } from '../../storage-error.js';
import type { StoreChange, StoreRecord } from '../../store.js';
import { encodeChanges } from '../record/batch-codec.js';

/** Length 4, CRC-32 of the body 4; little-endian. */
const HEAD_BYTES = 8;
const SLICE_BYTES = 256 * 1024;
/** More than one record and a slice, so that a damaged length is not waited for. */
const MOST_SLICE_BYTES = 256 * 1024 * 1024;

/**
 * A snapshot as slices of bytes: length, checksum and changes of each (`encodeChanges`), at the end one without changes, by which it is
 * known to be whole.
 */
export function* encodeSnapshot(records: Iterable<StoreRecord>): Generator<Buffer, void> {
  const slicer = new Slicer();
  for (const record of records) {
    const slice = slicer.add(record);
    if (slice !== undefined) yield slice;
  }
  yield* slicer.end();
}

/** The same of records that come one by one. */
export async function* encodeSnapshotOf(records: AsyncIterable<StoreRecord>): AsyncGenerator<Buffer, void> {
  const slicer = new Slicer();
  for await (const record of records) {
    const slice = slicer.add(record);
    if (slice !== undefined) yield slice;
  }
  yield* slicer.end();
}

class Slicer {
  #slice: StoreChange[] = [];
  #bytes = 0;

  /** A slice, where the record is the last one that it has room for. */
  add({ key, value }: StoreRecord): Buffer | undefined {
    this.#slice.push([key, value]);
    this.#bytes += key.length + value.byteLength;
    return this.#bytes < SLICE_BYTES ? undefined : this.#take();
  }

  end(): readonly Buffer[] {
    return this.#slice.length > 0 ? [this.#take(), frame([])] : [frame([])];
  }

  #take(): Buffer {
    const slice = frame(this.#slice);
    this.#slice = [];
    this.#bytes = 0;
    return slice;
  }
}

function frame(changes: readonly StoreChange[]): Buffer {
  const body = encodeChanges(changes);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.byteLength, 0);
  head.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

/**
 * The slices of a snapshot, each for `decodeBatch`, from pieces of any size.
 * @param what the snapshot, for messages
 * @throws MillraceError STORE_CORRUPT when it is not whole
 */
export async function* decodeSnapshot(pieces: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Buffer, void> {
  const input = new Pieces();
  let ended = false;
  for await (const piece of pieces) {
    input.add(piece);
    for (let body = takeFrame(input, what); body !== undefined; body = takeFrame(input, what)) {
      if (ended) throw corruptError(`${what} has something behind its end`);
      if (body.byteLength === 0) ended = true;
      else yield body;
    }
  }
  if (!ended || input.bytes > 0) throw corruptError(`${what} is cut short`);
}

function takeFrame(input: Pieces, what: string): Buffer | undefined {
  const head = input.peek(HEAD_BYTES);
  if (head === undefined) return undefined;
  const bytes = head.readUInt32LE(0);
  if (bytes > MOST_SLICE_BYTES) throw corruptError(`${what} has a slice of ${bytes} bytes`);
  if (input.bytes < HEAD_BYTES + bytes) return undefined;
  input.take(HEAD_BYTES);
  const body = input.take(bytes);
  if (crc32(body) !== head.readUInt32LE(4)) throw corruptError(`${what}: the checksum of a slice is wrong`);
  return body;
}

/** Bytes that came in pieces. */
class Pieces {
  #pieces: Buffer[] = [];
  bytes = 0;

  add(piece: Uint8Array): void {
    this.#pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    this.bytes += piece.byteLength;
  }

  /** The next bytes, which stay; undefined while there are fewer. */
  peek(count: number): Buffer | undefined {
    if (this.bytes < count) return undefined;
    const all = this.#joined(count);
    return all.subarray(0, count);
  }

  /** The next bytes, of which there are enough. */
  take(count: number): Buffer {
    const all = this.#joined(count);
    this.#pieces[0] = all.subarray(count);
    this.bytes -= count;
    return all.subarray(0, count);
  }

  /** Copies only where a frame lies over the end of a piece. */
  #joined(count: number): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && (first.byteLength >= count || this.#pieces.length === 1)) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
