import { deserialize, serialize } from 'node:v8';
import { corruptState } from '../../errors/corrupt-state.js';
import type { MillraceError } from '../../errors/millrace-error.js';

/** What of a letter is known before the database has seen the row. */
export interface LetterParts {
  /** Bytes of the item, where it has any; undefined: the letter has it among its attributes. */
  readonly payload: Uint8Array | undefined;
  /** What is known of the item, by name. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A row of an outbox of a sink to PostgreSQL. */
export interface StoredRow {
  /** What the statement is given. */
  readonly json: string;
  /** Only where letters go to a sink. */
  readonly letter: LetterParts | undefined;
}

/** Raised when the bytes mean something else. */
const VERSION = 1;
const ROW = 0;
const ROW_AND_LETTER = 1;
/** Version, kind, and the length of the JSON, as big endian. */
const HEADER_BYTES = 6;

/** A row as bytes. */
export const encodeRow = ({ json, letter }: StoredRow): Uint8Array => {
  const length = Buffer.byteLength(json);
  const rest = letter === undefined ? undefined : serialize(letter);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length + (rest?.byteLength ?? 0));
  bytes[0] = VERSION;
  bytes[1] = rest === undefined ? ROW : ROW_AND_LETTER;
  bytes.writeUInt32BE(length, 2);
  bytes.write(json, HEADER_BYTES);
  if (rest !== undefined) bytes.set(rest, HEADER_BYTES + length);
  return bytes;
};

/** The JSON alone, as UTF-8: the way of each row. @throws MillraceError STORE_CORRUPT */
export const decodeJson = (bytes: Uint8Array): Uint8Array => {
  // not by `partsOf`: a view of a view costs each row as much as all else here
  const length = lengthOf(bytes);
  if (bytes.byteLength < HEADER_BYTES + length || !isKnown(bytes[0], bytes[1])) throw corrupt();
  return new Uint8Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, length);
};

/** What a letter says of it. @throws MillraceError STORE_CORRUPT */
export const decodeLetter = (bytes: Uint8Array): LetterParts => {
  const { view, end, kind } = partsOf(bytes);
  try {
    // written by `encodeRow`
    if (kind === ROW_AND_LETTER) return deserialize(view.subarray(end)) as LetterParts;
    const item: unknown = JSON.parse(view.toString('utf8', HEADER_BYTES, end));
    return { payload: undefined, attributes: { item } };
  } catch (cause) {
    throw corrupt(cause);
  }
};

const partsOf = (bytes: Uint8Array): { readonly view: Buffer; readonly kind: number; readonly end: number } => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view[1];
  if (view.byteLength < HEADER_BYTES || !isKnown(view[0], kind)) throw corrupt();
  const end = HEADER_BYTES + view.readUInt32BE(2);
  if (end > view.byteLength) throw corrupt();
  return { view, kind, end };
};

/** Big endian; what is not there is 0. */
const lengthOf = ({ 2: a = 0, 3: b = 0, 4: c = 0, 5: d = 0 }: Uint8Array): number =>
  a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;

const isKnown = (version: number | undefined, kind: number | undefined): kind is number =>
  version === VERSION && (kind === ROW || kind === ROW_AND_LETTER);

const corrupt = (cause?: unknown): MillraceError =>
  corruptState('a row of an outbox is not one that this version has written', cause);
