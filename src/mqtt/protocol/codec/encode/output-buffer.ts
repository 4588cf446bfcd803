const FIRST_CHUNK = 16_384;
const NEXT_CHUNK = 65_536;
/** Up to here a loop is faster than `set`. */
const SHORT = 24;
const EMPTY = new Uint8Array(0);

/**
 * Bytes to be sent, in few chunks. What `take` has handed out is never written to again: writing goes on behind it, in
 * the same chunk while that has room.
 */
export class OutputBuffer {
  /** Where to write after `reserve`. */
  bytes: Uint8Array = EMPTY;
  position = 0;
  private start = 0;
  private sealed: Uint8Array[] = [];
  private sealedBytes = 0;

  /** Bytes that `take` would give. */
  get size(): number {
    return this.sealedBytes + this.position - this.start;
  }

  /** Makes room for `length` bytes in one piece. */
  reserve(length: number): void {
    if (length <= this.bytes.length - this.position) return;
    this.seal();
    this.bytes = new Uint8Array(Math.max(length, this.sealed.length === 0 ? FIRST_CHUNK : NEXT_CHUNK));
    this.start = 0;
    this.position = 0;
  }

  /** Copies the first `length` bytes into the room that was reserved. */
  append(bytes: Uint8Array, length: number): void {
    const { position } = this;
    if (length <= SHORT) {
      for (let index = 0; index < length; index += 1) this.bytes[position + index] = bytes[index] as number;
    } else {
      this.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), position);
    }
    this.position = position + length;
  }

  /** Adds bytes as a chunk of their own, without a copy. */
  attach(bytes: Uint8Array): void {
    this.seal();
    this.sealed.push(bytes);
    this.sealedBytes += bytes.length;
  }

  /** Hands out all bytes since the last call. */
  take(): Uint8Array[] {
    this.seal();
    const taken = this.sealed;
    this.sealed = [];
    this.sealedBytes = 0;
    return taken;
  }

  private seal(): void {
    if (this.position === this.start) return;
    this.sealed.push(this.bytes.subarray(this.start, this.position));
    this.sealedBytes += this.position - this.start;
    this.start = this.position;
  }
}
