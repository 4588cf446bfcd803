import { invalidMessage, malformed } from './protocol-error.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Up to here an array of codes is faster than the decoder. */
const SHORT = 24;

/**
 * Text from strict UTF-8: surrogates, overlong forms and NUL are refused, a byte order mark is kept
 * [MQTT-1.5.3-1, 1.5.3-2, 1.5.3-3; 5: MQTT-1.5.4-1, 1.5.4-2, 1.5.4-3]. Throws MALFORMED_PACKET.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let ascii = true;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] as number;
    if (byte === 0) throw malformed('a string contains NUL [MQTT-1.5.3-2, 5: MQTT-1.5.4-2]');
    if (byte > 0x7f) ascii = false;
  }
  if (ascii && end - start <= SHORT) return shortAscii(bytes, start, end);
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw malformed('a string is not well-formed UTF-8 [MQTT-1.5.3-1, 5: MQTT-1.5.4-1]');
  }
}

function shortAscii(bytes: Uint8Array, start: number, end: number): string {
  const codes = new Array<number>(end - start);
  for (let index = start; index < end; index += 1) codes[index - start] = bytes[index] as number;
  return String.fromCharCode.apply(null, codes);
}

/**
 * Writes text as UTF-8 from `at` on, where three bytes per UTF-16 unit must be free; returns the end.
 * Throws INVALID_MESSAGE for NUL and lone surrogates.
 */
export function encodeUtf8(text: string, bytes: Uint8Array, at: number): number {
  let end = at;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === 0) throw invalidMessage('A string must not contain NUL [MQTT-1.5.3-2, 5: MQTT-1.5.4-2]');
    if (unit < 0x80) {
      bytes[end] = unit;
      end += 1;
    } else if (unit >= 0xd800 && unit <= 0xdfff) {
      end = encodePair(text, index, { bytes, end });
      index += 1;
    } else {
      end = encodeUnit(unit, bytes, end);
    }
  }
  return end;
}

function encodeUnit(unit: number, bytes: Uint8Array, at: number): number {
  if (unit < 0x800) {
    bytes[at] = 0xc0 | (unit >> 6);
    bytes[at + 1] = 0x80 | (unit & 0x3f);
    return at + 2;
  }
  bytes[at] = 0xe0 | (unit >> 12);
  bytes[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
  bytes[at + 2] = 0x80 | (unit & 0x3f);
  return at + 3;
}

function encodePair(text: string, index: number, target: { bytes: Uint8Array; end: number }): number {
  const code = text.codePointAt(index) as number;
  if (code < 0x1_0000)
    throw invalidMessage('A string must not contain a lone surrogate [MQTT-1.5.3-1, 5: MQTT-1.5.4-1]');
  const { bytes, end } = target;
  bytes[end] = 0xf0 | (code >> 18);
  bytes[end + 1] = 0x80 | ((code >> 12) & 0x3f);
  bytes[end + 2] = 0x80 | ((code >> 6) & 0x3f);
  bytes[end + 3] = 0x80 | (code & 0x3f);
  return end + 4;
}
