import { malformed } from '../protocol-error.js';
import { decodeUtf8 } from '../utf8.js';

const EMPTY = new Uint8Array(0);

/**
 * Reads the primitive types of MQTT from a stretch of bytes, never past its end: a length that lies is MALFORMED_PACKET.
 * `end` can be lowered for a section (properties) and put back.
 */
export class ByteReader {
  bytes: Uint8Array = EMPTY;
  /** The same bytes, for reading several of them at a time. */
  view = viewOf(EMPTY);
  position = 0;
  end = 0;

  /** Starts to read `bytes` from `start` up to `end`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = viewOf(bytes);
    }
    this.position = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  u8(): number {
    const start = this.position;
    if (start >= this.end) throw pastEnd();
    this.position = start + 1;
    return this.bytes[start] as number;
  }

  u16(): number {
    const start = this.position;
    if (start + 2 > this.end) throw pastEnd();
    this.position = start + 2;
    return this.view.getUint16(start);
  }

  u32(): number {
    const high = this.u16();
    return high * 0x1_0000 + this.u16();
  }

  /** A Variable Byte Integer of at most four bytes in its shortest form [MQTT-1.5.5-1]. */
  variableInteger(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed('a variable byte integer is longer than needed [MQTT-1.5.5-1]');
        return value;
      }
    }
    throw malformed('a variable byte integer has more than four bytes');
  }

  string(): string {
    const length = this.u16();
    const start = this.skip(length);
    return decodeUtf8(this.bytes, start, start + length);
  }

  /** Binary data as a copy, so that it may be kept without keeping the read buffer. */
  binary(): Uint8Array {
    const length = this.u16();
    const start = this.skip(length);
    return new Uint8Array(this.bytes.subarray(start, start + length));
  }

  /** All bytes that are left, as a view. The constructor costs half of what `subarray` costs. */
  rest(): Uint8Array {
    const { bytes, position, end } = this;
    this.position = end;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + position, end - position);
  }

  /** Moves over `length` bytes and returns where they start. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw pastEnd();
    this.position = start + length;
    return start;
  }

  /** Refuses bytes that are left when all fields are read. */
  finish(): void {
    if (this.position !== this.end) throw malformed(`${this.end - this.position} bytes are left over`);
  }
}

function pastEnd() {
  return malformed('a field goes past the end of its packet');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
