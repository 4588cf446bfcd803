import { invalidMessage } from '../protocol-error.js';
import { encodeUtf8 } from '../utf8.js';
import { MAX_VARIABLE_INTEGER, variableIntegerSize, writeVariableInteger } from '../variable-integer.js';

const START = 512;
const KEPT = 65_536;
const MAX_FIELD = 65_535;

/** A growing scratch buffer for the primitive types of MQTT; misuse throws INVALID_MESSAGE with the field's name. */
export class ByteWriter {
  bytes = new Uint8Array(START);
  position = 0;

  /** Starts anew, in the same buffer unless that has grown large. */
  reset(): void {
    this.position = 0;
    if (this.bytes.length > KEPT) this.bytes = new Uint8Array(START);
  }

  /** What has been written; valid until the next write or reset. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  u8(value: number, field: string): void {
    checkInteger(value, 0xff, field);
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  u16(value: number, field: string): void {
    checkInteger(value, 0xffff, field);
    this.reserve(2);
    this.bytes[this.position++] = value >>> 8;
    this.bytes[this.position++] = value & 0xff;
  }

  u32(value: number, field: string): void {
    checkInteger(value, 0xffff_ffff, field);
    this.u16(Math.floor(value / 0x1_0000), field);
    this.u16(value % 0x1_0000, field);
  }

  variableInteger(value: number, field: string): void {
    checkInteger(value, MAX_VARIABLE_INTEGER, field);
    this.reserve(4);
    this.position = writeVariableInteger(value, this.bytes, this.position);
  }

  /** A string with its length: at most 65535 bytes, no NUL, no lone surrogates [MQTT-1.5.3-1, 1.5.3-2; 5: 1.5.4-1, 1.5.4-2]. */
  string(value: string, field: string): void {
    if (typeof value !== 'string') throw invalidMessage(`${field} must be a string`);
    if (value.length > MAX_FIELD) throw tooLong(field);
    this.reserve(2 + 3 * value.length);
    const start = this.position + 2;
    const end = encodeUtf8(value, this.bytes, start);
    if (end - start > MAX_FIELD) throw tooLong(field);
    this.u16(end - start, field);
    this.position = end;
  }

  /** Binary data with its length: at most 65535 bytes. */
  binary(value: Uint8Array, field: string): void {
    if (!(value instanceof Uint8Array)) throw invalidMessage(`${field} must be a Uint8Array`);
    if (value.length > MAX_FIELD) throw tooLong(field);
    this.u16(value.length, field);
    this.reserve(value.length);
    this.bytes.set(value, this.position);
    this.position += value.length;
  }

  /** Begins a section that is preceded by its length; give the result to `closeSection`. */
  openSection(): number {
    this.reserve(1);
    this.position += 1;
    return this.position;
  }

  /** Writes the section's length in front of it, moving it when the length needs more than one byte. */
  closeSection(start: number): void {
    const length = this.position - start;
    if (length > MAX_VARIABLE_INTEGER) throw invalidMessage('Properties have at most 268435455 bytes');
    const extra = variableIntegerSize(length) - 1;
    if (extra > 0) {
      this.reserve(extra);
      this.bytes.copyWithin(start + extra, start, this.position);
      this.position += extra;
    }
    writeVariableInteger(length, this.bytes, start - 1);
  }

  private reserve(length: number): void {
    const needed = this.position + length;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }
}

/** Throws INVALID_MESSAGE unless the value is an integer from 0 to `maximum`. */
export function checkInteger(value: number, maximum: number, field: string): void {
  if (!Number.isInteger(value) || value < 0 || value > maximum) {
    throw invalidMessage(`${field} must be an integer from 0 to ${maximum}, not ${String(value)}`);
  }
}

function tooLong(field: string) {
  return invalidMessage(`${field} has more than 65535 bytes`);
}
