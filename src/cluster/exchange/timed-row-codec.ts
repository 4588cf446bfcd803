import { decodeItem, encodeItem } from '../../connector/outbox/item-codec.js';
import { corruptState } from '../../errors/corrupt-state.js';
import type { MillraceError } from '../../errors/index.js';
import { Arrival } from '../../pipeline/time/arrival.js';
import type { ItemTime } from '../../pipeline/time/pending-times.js';
import type { Pace, StreamTime } from '../../pipeline/time/time-source.js';
import { TIME, TIMED_ITEM } from './edge/row-kind.js';

/** Kind 1, sender 4, watermark 8. */
const HEAD_BYTES = 13;
/** Behind the head: that of an item. */
const TIMESTAMP_BYTES = 8;
const PACES: readonly Pace[] = ['going', 'idle', 'ended'];

/** An item with its time as a row: the head, its timestamp, its bytes. @throws MillraceError STATE_NOT_STORABLE */
export const encodeTimedRow = (from: number, { timestamp, watermark }: ItemTime, item: unknown): Uint8Array => {
  const body = encodeItem(item);
  const { bytes, view } = headOf(TIMED_ITEM, from, watermark, TIMESTAMP_BYTES + body.byteLength);
  view.setFloat64(HEAD_BYTES, timestamp, true);
  bytes.set(body, HEAD_BYTES + TIMESTAMP_BYTES);
  return bytes;
};

/** The time of a sender as a row: the head, its pace. */
export const encodeTimeRow = (from: number, { watermark, pace }: StreamTime): Uint8Array => {
  const { bytes } = headOf(TIME, from, watermark, 1);
  bytes[HEAD_BYTES] = PACES.indexOf(pace);
  return bytes;
};

/** Undefined for a row of another kind. @throws MillraceError STORE_CORRUPT */
export const decodeTimedRow = (bytes: Uint8Array): Arrival | undefined => {
  const [kind] = bytes;
  if (kind !== TIMED_ITEM && kind !== TIME) return undefined;
  if (bytes.byteLength <= HEAD_BYTES) throw unreadable();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const common = { from: view.getUint32(1, true), watermark: view.getFloat64(5, true) };
  if (kind === TIME) {
    const pace = PACES[bytes[HEAD_BYTES] ?? PACES.length];
    if (pace === undefined) throw unreadable();
    return new Arrival({ ...common, pace, timestamp: undefined, item: undefined });
  }
  if (bytes.byteLength <= HEAD_BYTES + TIMESTAMP_BYTES) throw unreadable();
  const timestamp = view.getFloat64(HEAD_BYTES, true);
  const item = decodeItem(bytes.subarray(HEAD_BYTES + TIMESTAMP_BYTES));
  return new Arrival({ ...common, pace: 'going', timestamp, item });
};

const headOf = (kind: number, from: number, watermark: number, behind: number) => {
  const bytes = new Uint8Array(HEAD_BYTES + behind);
  const view = new DataView(bytes.buffer);
  bytes[0] = kind;
  view.setUint32(1, from, true);
  view.setFloat64(5, watermark, true);
  return { bytes, view };
};

const unreadable = (): MillraceError => corruptState('the time of what another partition sends cannot be read');
