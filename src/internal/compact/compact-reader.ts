import { SHAPES } from './compact-shapes.js';
import { COMPACT } from './compact-tags.js';

/** Reads what `writeCompact` has written, from `start` on. @throws RangeError for anything else */
export const readCompact = (bytes: Uint8Array, start: number): unknown => {
  const reader = new CompactReader(bytes, start);
  const value = reader.read();
  reader.end();
  return value;
};

class CompactReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw new RangeError('bytes are left over');
  }

  read(): unknown {
    const tag = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    switch (tag) {
      case COMPACT.undefined:
        return undefined;
      case COMPACT.null:
        return null;
      case COMPACT.true:
        return true;
      case COMPACT.false:
        return false;
      case COMPACT.int:
        this.#at += 4;
        return this.#bytes.readInt32LE(this.#at - 4);
      case COMPACT.double:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case COMPACT.bigint:
        this.#at += 8;
        return this.#bytes.readBigInt64LE(this.#at - 8);
      case COMPACT.array:
        return this.#array();
      case COMPACT.object:
        return this.#object();
      case COMPACT.shaped:
        return this.#shaped();
      case COMPACT.date:
        this.#at += 8;
        return new Date(this.#bytes.readDoubleLE(this.#at - 8));
      case COMPACT.map:
        return this.#map();
      case COMPACT.set:
        return new Set(this.#array());
      case COMPACT.bytes:
        return new Uint8Array(this.#view());
      case COMPACT.buffer:
        return Buffer.from(this.#view());
      case COMPACT.uint16s:
        return new Uint16Array(this.#aligned(Uint16Array.BYTES_PER_ELEMENT));
      case COMPACT.uint32s:
        return new Uint32Array(this.#aligned(Uint32Array.BYTES_PER_ELEMENT));
      default:
        return this.#string(tag);
    }
  }

  #array(): unknown[] {
    const value: unknown[] = [];
    for (let left = this.#length(); left > 0; left -= 1) value.push(this.read());
    return value;
  }

  #object(): object {
    const value: Record<string, unknown> = {};
    for (let left = this.#length(); left > 0; left -= 1) {
      const tag = this.#bytes.readUInt8(this.#at);
      this.#at += 1;
      value[this.#string(tag)] = this.read();
    }
    return value;
  }

  #shaped(): object {
    const names = SHAPES[this.#bytes.readUInt8(this.#at)];
    if (names === undefined) throw new RangeError('an object of an unknown shape');
    this.#at += 1;
    const value: Record<string, unknown> = {};
    for (const name of names) value[name] = this.read();
    return value;
  }

  #map(): Map<unknown, unknown> {
    const value = new Map<unknown, unknown>();
    for (let left = this.#length(); left > 0; left -= 1) value.set(this.read(), this.read());
    return value;
  }

  #string(tag: number): string {
    if (tag !== COMPACT.ascii && tag !== COMPACT.utf16) throw new RangeError(`no value begins with ${tag}`);
    const start = this.#skip(this.#length());
    return this.#bytes.toString(tag === COMPACT.ascii ? 'latin1' : 'utf16le', start, this.#at);
  }

  /** Of bytes that the caller must copy. */
  #view(): Uint8Array {
    const start = this.#skip(this.#length());
    return this.#bytes.subarray(start, this.#at);
  }

  /** A copy, which begins where a number of so many bytes may. */
  #aligned(size: number): ArrayBuffer {
    const bytes = new Uint8Array(this.#view());
    if (bytes.byteLength % size !== 0) throw new RangeError('half a number');
    return bytes.buffer;
  }

  /** Gives where the bytes begin that are skipped. */
  #skip(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.byteLength) throw new RangeError('the bytes end too early');
    this.#at += length;
    return start;
  }

  #length(): number {
    this.#at += 2;
    return this.#bytes.readUInt16LE(this.#at - 2);
  }
}
