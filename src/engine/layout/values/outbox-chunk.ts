import type { OutboxRow } from '../../../connector/durable-sink.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { present } from '../../../internal/present.js';

/** The rows that one commit added to one outbox, stored together. */
export interface OutboxChunk {
  /** Bytes of all rows that were ever stored before these. */
  readonly bytesBefore: number;
  /** In order, without a gap. */
  readonly rows: readonly OutboxRow[];
}

const VERSION = 1;
const HEADER = 21;
const LENGTH = 4;

/** Layout: version (1 byte), seq of the first row (8), `bytesBefore` (8), count (4), the length of each row (4), the rows. Big endian. */
export const encodeChunk = ({ bytesBefore, rows }: OutboxChunk): Uint8Array => {
  const size = rows.reduce((sum, { bytes }) => sum + LENGTH + bytes.byteLength, HEADER);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint8(0, VERSION);
  view.setFloat64(1, present(rows[0], 'a chunk has rows').seq);
  view.setFloat64(9, bytesBefore);
  view.setUint32(17, rows.length);
  let at = HEADER + rows.length * LENGTH;
  rows.forEach(({ bytes }, index) => {
    view.setUint32(HEADER + index * LENGTH, bytes.byteLength);
    out.set(bytes, at);
    at += bytes.byteLength;
  });
  return out;
};

/** Which rows of a chunk: from this seq on, below that one. */
export interface RowBounds {
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

const ALL: RowBounds = { from: 0, to: Number.POSITIVE_INFINITY };

/** The rows within the bounds, which may be none. @throws MillraceError STORE_CORRUPT for bytes that `encodeChunk` cannot have made */
export const decodeChunk = (bytes: Uint8Array, { from, to }: RowBounds = ALL): OutboxChunk => {
  if (bytes.byteLength < HEADER || bytes[0] !== VERSION) throw notAChunk();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getFloat64(1);
  const count = view.getUint32(17);
  let at = HEADER + count * LENGTH;
  if (count === 0 || at > bytes.byteLength) throw notAChunk();
  const rows: OutboxRow[] = [];
  for (let index = 0; index < count; index += 1) {
    const end = at + view.getUint32(HEADER + index * LENGTH);
    const seq = first + index;
    if (seq >= from && seq < to) rows.push({ seq, bytes: bytes.subarray(at, end) });
    at = end;
  }
  if (at !== bytes.byteLength) throw notAChunk();
  return { bytesBefore: view.getFloat64(9), rows };
};

const notAChunk = (): MillraceError =>
  new MillraceError('STORE_CORRUPT', 'a record of an outbox is not one that this version has written');
