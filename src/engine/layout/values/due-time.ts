import type { Encoded } from './versioned-record.js';

/** When a key is due, as a double: what a bundle of the order of timers has for it. */
const TIME_BYTES = 8;
const VERSION = 0;
const VERSION_BYTES = 2;

const bytes = new Uint8Array(TIME_BYTES);
const encoded: Encoded = { version: VERSION, bytes, length: TIME_BYTES };
const view = new DataView(bytes.buffer);

/** Its bytes are those of the next one, too. */
export const encodeDueTime = (at: number): Encoded => {
  view.setFloat64(0, at);
  return encoded;
};

/** Undefined for what is none. */
export const decodeDueTime = ({ buffer, byteOffset, byteLength }: Uint8Array): number | undefined => {
  if (byteLength !== VERSION_BYTES + TIME_BYTES) return undefined;
  const at = new DataView(buffer, byteOffset, byteLength).getFloat64(VERSION_BYTES);
  return Number.isSafeInteger(at) ? at : undefined;
};
