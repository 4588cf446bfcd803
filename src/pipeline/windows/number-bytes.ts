/** Above it the varint of a number would not be exact. */
const LARGEST = 2 ** 50;
/** In the place of a whole number: eight bytes of a double follow. */
const DOUBLE = 1;

/** Bytes under construction: numbers in as few as they need. One after the other uses the same room. */
export class NumberWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  begin(): void {
    this.#at = 0;
  }

  /** How many were written. */
  get length(): number {
    return this.#at;
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(value: number): void {
    this.#need(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#at] = (left % 0x80) | 0x80;
      this.#at += 1;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#at] = left;
    this.#at += 1;
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
    this.#need(from.byteLength);
    this.#bytes.set(from, this.#at);
    this.#at += from.byteLength;
  }

  /** A copy. */
  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
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
