import { corruptState } from '../../../errors/corrupt-state.js';

/** What a row is, by its first byte; there is room for what is no item, and has its place among them all the same. */
export const ITEM = 0;
const END = 1;
/** An item with its time. */
export const TIMED_ITEM = 2;
/** How far the time of a sender has come. */
export const TIME = 3;
/** Kind 1, generation 8. */
const END_BYTES = 9;

/**
 * A row that stands behind all that a partition sends: its sources have ended, in that generation of the job. A job that goes on from a
 * stop or an end has another one, in which they may have more.
 */
export const endRow = (generation: number): Uint8Array => {
  const bytes = new Uint8Array(END_BYTES);
  bytes[0] = END;
  new DataView(bytes.buffer).setFloat64(1, generation, true);
  return bytes;
};

/** Of an end the generation; undefined for another row. @throws MillraceError STORE_CORRUPT */
export const endOf = (row: Uint8Array): number | undefined => {
  if (row[0] !== END) return undefined;
  if (row.byteLength !== END_BYTES) throw corruptState('the end of what another partition sends cannot be read');
  return new DataView(row.buffer, row.byteOffset, END_BYTES).getFloat64(1, true);
};
