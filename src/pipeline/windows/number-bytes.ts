/** Above it the varint of a number would not be exact. */
const LARGEST = 2 ** 50;
/** In the place of a whole number: eight bytes of a double follow. */
const DOUBLE = 1;

/** What four bytes of a varint have. */
const LOW = 2 ** 28;
const LOW_BYTES = 4;
/** Up to so many bytes a loop is faster than a call into the platform. */
const SHORT = 128;

/** Bytes under construction: numbers in as few as they need. One after the other uses the same room. */
export class NumberWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  begin(): void {
    this.#at = 0;
  }

  /** Has what was written at its beginning, until more is. */
  get room(): Uint8Array {
    return this.#bytes;
  }

  /** How many were written. */
  get length(): number {
    return this.#at;
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(value: number): void {
    this.#need(8);
    if (value < LOW) {
      this.#rest(value);
      return;
    }
    // remainders of numbers above 32 bits are slow, so there is one for four bytes
    const high = Math.floor(value / LOW);
    let low = value - high * LOW;
    for (let left = LOW_BYTES; left > 0; left -= 1) {
      this.#byte((low & 0x7f) | 0x80);
      low >>>= 7;
    }
    this.#rest(high);
  }

  /** Any number. */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < LARGEST) {
      this.count(value < 0 ? -value * 4 + 2 : value * 4);
      return;
    }
    this.count(DOUBLE);
    this.#need(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  bytes(from: Uint8Array): void {
    this.part(from, 0, from.byteLength);
  }

  /** Those from `start` up to `end`. */
  part(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#need(length);
    if (length > SHORT) this.#bytes.set(from.subarray(start, end), this.#at);
    else for (let index = 0; index < length; index += 1) this.#bytes[this.#at + index] = from[start + index] ?? 0;
    this.#at += length;
  }

  /** A copy. */
  taken(): Uint8Array {
    const taken = new Uint8Array(this.#at);
    if (this.#at > SHORT) taken.set(this.#bytes.subarray(0, this.#at));
    else for (let index = 0; index < this.#at; index += 1) taken[index] = this.#bytes[index] ?? 0;
    return taken;
  }

  /** Of less than 32 bits. */
  #rest(value: number): void {
    let left = value;
    while (left >= 0x80) {
      this.#byte((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    this.#byte(left);
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #need(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(2 * (this.#at + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what `NumberWriter` has written. @throws RangeError where it ends too early */
export class NumberReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  /** Where the next byte is. */
  get place(): number {
    return this.#at;
  }

  count(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#view.getUint8(this.#at);
      this.#at += 1;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
  }

  number(): number {
    const value = this.count();
    if (value === DOUBLE) {
      this.#at += 8;
      return this.#view.getFloat64(this.#at - 8, true);
    }
    return value % 4 === 2 ? -(value - 2) / 4 : value / 4;
  }

  /** Where the bytes begin that are skipped. */
  skip(length: number): number {
    if (length > this.left) throw new RangeError('the bytes end too early');
    this.#at += length;
    return this.#at - length;
  }
}
