import { corruptState } from '../../../errors/corrupt-state.js';
import { MillraceError } from '../../../errors/index.js';

/** Rows of the outbox that a partition has for another one, in their order. */
export interface RowsMessage {
  readonly type: 'rows';
  /** The partition that sends. */
  readonly from: number;
  /** Which outbox its rows are of: a number below 2^48 that no other has, and not `NO_OUTBOX`. */
  readonly outbox: number;
  /** Every row below has been committed by the receiver, as the sender knows. */
  readonly low: number;
  /** Of the first row. */
  readonly seq: number;
  readonly rows: readonly Uint8Array[];
}

/** A part of a row that fits no message. */
export interface PieceMessage extends Omit<RowsMessage, 'type' | 'rows'> {
  readonly type: 'piece';
  /** Where its bytes begin in the row: so pieces of any size fit together, whoever cut them. */
  readonly offset: number;
  /** Bytes of the row. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Asks the receiver how far it is. */
export interface ProbeMessage extends Omit<RowsMessage, 'type' | 'rows' | 'seq'> {
  readonly type: 'probe';
  /** Every row below was sent before. */
  readonly sent: number;
}

/** How far a receiver is with the rows of a sender. */
export interface StatusMessage {
  readonly type: 'status';
  /** The partition that receives. */
  readonly to: number;
  /** Which outbox it knows; `NO_OUTBOX` before it has taken a row. */
  readonly outbox: number;
  /** Which opening of the receiver speaks: what an earlier one has taken and not committed is gone. Below 2^48. */
  readonly reader: number;
  /** Every row below has come, and need not be sent again. */
  readonly taken: number;
  /** Every row below is in a commit. */
  readonly committed: number;
  /** Rows from `taken` on are missing. */
  readonly again: boolean;
}

/** What goes over an edge, in either direction. */
export type EdgeMessage = RowsMessage | PieceMessage | ProbeMessage | StatusMessage;

/** Of a receiver that has taken nothing yet. */
export const NO_OUTBOX = 0;

/** Longer rows are no commit's. */
const MOST_ROW_BYTES = 128 * 1024 * 1024;
/** Raised when the bytes mean something else. */
const VERSION = 1;
const KINDS: readonly EdgeMessage['type'][] = ['rows', 'piece', 'probe', 'status'];
/** Version 1, kind 1, partition 4, outbox 8. */
const HEAD_BYTES = 14;
/** Bytes of a message of rows beside its rows: low 8, seq 8, count 4. */
export const ROWS_HEAD_BYTES = HEAD_BYTES + 20;
/** Of each row beside its bytes. */
export const ROW_HEAD_BYTES = 4;
/** Bytes of a message beside the piece that it has: low 8, seq 8, offset 4, size 4. */
export const PIECE_HEAD_BYTES = HEAD_BYTES + 24;

/** Little-endian. */
export const encodeEdgeMessage = (message: EdgeMessage): Uint8Array => {
  switch (message.type) {
    case 'rows':
      return encodeRows(message);
    case 'piece':
      return encodePiece(message);
    case 'probe': {
      const { bytes, view } = begin(message, message.from, HEAD_BYTES + 16);
      writeNumber(view, message.low, HEAD_BYTES);
      writeNumber(view, message.sent, HEAD_BYTES + 8);
      return bytes;
    }
    case 'status': {
      const { bytes, view } = begin(message, message.to, HEAD_BYTES + 25);
      writeNumber(view, message.reader, HEAD_BYTES);
      writeNumber(view, message.taken, HEAD_BYTES + 8);
      writeNumber(view, message.committed, HEAD_BYTES + 16);
      view.setUint8(HEAD_BYTES + 24, message.again ? 1 : 0);
      return bytes;
    }
  }
};

const encodeRows = (message: RowsMessage): Uint8Array => {
  const { from, low, seq, rows } = message;
  const size = rows.reduce((sum, row) => sum + ROW_HEAD_BYTES + row.byteLength, ROWS_HEAD_BYTES);
  const { bytes, view } = begin(message, from, size);
  writeNumber(view, low, HEAD_BYTES);
  writeNumber(view, seq, HEAD_BYTES + 8);
  view.setUint32(HEAD_BYTES + 16, rows.length, true);
  let at = ROWS_HEAD_BYTES;
  for (const row of rows) {
    view.setUint32(at, row.byteLength, true);
    bytes.set(row, at + ROW_HEAD_BYTES);
    at += ROW_HEAD_BYTES + row.byteLength;
  }
  return bytes;
};

const encodePiece = (message: PieceMessage): Uint8Array => {
  const { bytes, view } = begin(message, message.from, PIECE_HEAD_BYTES + message.bytes.byteLength);
  writeNumber(view, message.low, HEAD_BYTES);
  writeNumber(view, message.seq, HEAD_BYTES + 8);
  view.setUint32(HEAD_BYTES + 16, message.offset, true);
  view.setUint32(HEAD_BYTES + 20, message.size, true);
  bytes.set(message.bytes, PIECE_HEAD_BYTES);
  return bytes;
};

/** A message's bytes, to be filled. */
interface Begun {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const begin = ({ type, outbox }: EdgeMessage, partition: number, size: number): Begun => {
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setUint8(0, VERSION);
  view.setUint8(1, KINDS.indexOf(type));
  view.setUint32(2, partition, true);
  writeNumber(view, outbox, 6);
  return { bytes, view };
};

/**
 * A message by its bytes; rows are views of them.
 * @throws MillraceError STORE_VERSION for one of a newer version, STORE_CORRUPT for what is none
 */
export const decodeEdgeMessage = (bytes: Uint8Array): EdgeMessage => {
  try {
    const view = viewOf(bytes);
    const version = view.getUint8(0);
    if (version > VERSION) throw newerMessage(version);
    return decodeKind(bytes, view);
  } catch (error) {
    throw error instanceof MillraceError ? error : corruptState('a message between partitions cannot be read', error);
  }
};

const decodeKind = (bytes: Uint8Array, view: DataView): EdgeMessage => {
  const type = KINDS[view.getUint8(1)];
  const partition = view.getUint32(2, true);
  const outbox = readNumber(view, 6);
  if (type === 'status') {
    const reader = readNumber(view, HEAD_BYTES);
    const taken = readNumber(view, HEAD_BYTES + 8);
    const committed = readNumber(view, HEAD_BYTES + 16);
    return { type, to: partition, outbox, reader, taken, committed, again: view.getUint8(HEAD_BYTES + 24) === 1 };
  }
  const sent = { from: partition, outbox, low: readNumber(view, HEAD_BYTES) };
  const second = readNumber(view, HEAD_BYTES + 8);
  if (type === 'probe') return { type, ...sent, sent: second };
  if (type === 'rows') return { type, ...sent, seq: second, rows: readRows(bytes, view) };
  if (type !== 'piece') throw new RangeError('of no kind that is known');
  return { type, ...sent, seq: second, ...readPiece(bytes, view) };
};

const readPiece = (bytes: Uint8Array, view: DataView): Pick<PieceMessage, 'offset' | 'size' | 'bytes'> => {
  const offset = view.getUint32(HEAD_BYTES + 16, true);
  const size = view.getUint32(HEAD_BYTES + 20, true);
  const piece = bytes.subarray(PIECE_HEAD_BYTES);
  if (size > MOST_ROW_BYTES || piece.byteLength === 0 || offset + piece.byteLength > size)
    throw new RangeError('a piece that is not in its row');
  return { offset, size, bytes: piece };
};

const readRows = (bytes: Uint8Array, view: DataView): readonly Uint8Array[] => {
  const count = view.getUint32(HEAD_BYTES + 16, true);
  const rows: Uint8Array[] = [];
  let at = ROWS_HEAD_BYTES;
  for (let row = 0; row < count; row += 1) {
    const end = at + ROW_HEAD_BYTES + view.getUint32(at, true);
    if (end > bytes.byteLength) throw new RangeError('cut short');
    rows.push(bytes.subarray(at + ROW_HEAD_BYTES, end));
    at = end;
  }
  if (at !== bytes.byteLength) throw new RangeError('longer than its rows');
  return rows;
};

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** A whole number below 2^53, as 64 bits. */
const writeNumber = (view: DataView, value: number, at: number): void => {
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
};

const readNumber = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;

const TWO_32 = 2 ** 32;

const newerMessage = (version: number): MillraceError =>
  new MillraceError('STORE_VERSION', `another partition sends rows in form ${version}; this version reads ${VERSION}`, {
    advice: 'Upgrade Millrace on this node.',
  });
