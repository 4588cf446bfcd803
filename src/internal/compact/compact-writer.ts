import { types } from 'node:util';
import { shapeOf } from './compact-shapes.js';
import { COMPACT, COMPACT_BYTES } from './compact-tags.js';

/** So deep and with so many objects a value is still small; it also ends the walk through a cycle. */
const MAX_DEPTH = 8;
const MAX_OBJECTS = 32;
/** Up to this length a loop is faster than a call into the platform. Above 3, see `writeLongAscii`. */
const SHORT_STRING = 32;

/** A plain array: what is cut from it is made without asking a class of arrays. */
const scratch = new Uint8Array(COMPACT_BYTES);
const text = Buffer.from(scratch.buffer);
const view = new DataView(scratch.buffer);
/** The objects of the value that is being written, so many of them: one that stands in it twice must stay one. */
const seen: object[] = [];
let seenCount = 0;
let at = 0;

/**
 * The compact encoding of a small value of numbers, strings, booleans, arrays, plain objects, dates, maps, sets, bytes and bigints, behind
 * `format` as its first byte.
 * Undefined when it is anything else, which says nothing about whether it can be stored: structured clone is asked then. What is
 * written is exactly what structured clone would give back.
 */
export const writeCompact = (value: unknown, format: number): Uint8Array | undefined => {
  const length = writeScratch(value, format);
  return length === 0 ? undefined : scratch.slice(0, length);
};

/** The same at the beginning of `compactScratch`, without bytes of its own. Gives the length; 0 where `writeCompact` is undefined. */
export const writeScratch = (value: unknown, format: number): number => {
  scratch[0] = format;
  at = 1;
  seenCount = 0;
  return write(value, 0) ? at : 0;
};

/** What `writeScratch` has written stands here until the next value is written. */
export const compactScratch: Uint8Array = scratch;

const write = (value: unknown, depth: number): boolean => {
  switch (typeof value) {
    case 'number':
      return writeNumber(value);
    case 'string':
      return writeString(value);
    case 'boolean':
      return writeTag(value ? COMPACT.true : COMPACT.false);
    case 'undefined':
      return writeTag(COMPACT.undefined);
    case 'object':
      return value === null ? writeTag(COMPACT.null) : writeObject(value, depth);
    case 'bigint':
      return writeBigint(value);
    default:
      return false;
  }
};

const hasRoom = (bytes: number): boolean => at + bytes <= COMPACT_BYTES;

const writeTag = (tag: number): boolean => {
  if (!hasRoom(1)) return false;
  scratch[at] = tag;
  at += 1;
  return true;
};

const writeLength = (tag: number, length: number): void => {
  scratch[at] = tag;
  scratch[at + 1] = length & 0xff;
  scratch[at + 2] = length >>> 8;
  at += 3;
};

const writeNumber = (value: number): boolean => {
  if (!hasRoom(9)) return false;
  if ((value | 0) === value && !Object.is(value, -0)) {
    scratch[at] = COMPACT.int;
    scratch[at + 1] = value & 0xff;
    scratch[at + 2] = (value >>> 8) & 0xff;
    scratch[at + 3] = (value >>> 16) & 0xff;
    scratch[at + 4] = value >>> 24;
    at += 5;
    return true;
  }
  scratch[at] = COMPACT.double;
  view.setFloat64(at + 1, value, true);
  at += 9;
  return true;
};

const writeBigint = (value: bigint): boolean => {
  if (BigInt.asIntN(64, value) !== value || !hasRoom(9)) return false;
  scratch[at] = COMPACT.bigint;
  view.setBigInt64(at + 1, value, true);
  at += 9;
  return true;
};

const writeString = (value: string): boolean => {
  const { length } = value;
  if (!hasRoom(3 + 2 * length)) return false;
  if (length > SHORT_STRING ? !writeLongAscii(value) : !writeAscii(value)) {
    writeLength(COMPACT.utf16, 2 * length);
    text.write(value, at, 'utf16le');
    at += 2 * length;
  }
  return true;
};

/** As UTF-8 a string has as many bytes as units when it is ASCII, and only then: one that does not fit leaves 3 bytes free at most. */
const writeLongAscii = (value: string): boolean => {
  const { length } = value;
  if (text.write(value, at + 3, 2 * length) !== length) return false;
  writeLength(COMPACT.ascii, length);
  at += length;
  return true;
};

const writeAscii = (value: string): boolean => {
  const { length } = value;
  const start = at + 3;
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 0x7f) return false;
    scratch[start + index] = code;
  }
  writeLength(COMPACT.ascii, length);
  at += length;
  return true;
};

const writeObject = (value: object, depth: number): boolean => {
  if (depth >= MAX_DEPTH || !isSeenFirst(value) || !hasRoom(3)) return false;
  if (Array.isArray(value)) return writeArray(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype
    ? writeProperties(value as Readonly<Record<string, unknown>>, depth)
    : writeBuiltIn(value, prototype, depth);
};

/** They are left in their places: to make the array empty each time takes longer than all else that is done for a small state. */
const isSeenFirst = (value: object): boolean => {
  for (let index = 0; index < seenCount; index += 1) if (seen[index] === value) return false;
  if (seenCount === MAX_OBJECTS) return false;
  seen[seenCount] = value;
  seenCount += 1;
  return true;
};

/** One of these and nothing more: a class derived from it, or what was hung on it, is left to structured clone, which refuses it. */
const writeBuiltIn = (value: object, prototype: unknown, depth: number): boolean => {
  if (ArrayBuffer.isView(value)) return writeView(value, prototype);
  if (Object.keys(value).length > 0) return false;
  if (types.isDate(value)) return prototype === Date.prototype && writeDate(value);
  if (types.isMap(value)) return prototype === Map.prototype && writeMap(value, depth);
  return types.isSet(value) && prototype === Set.prototype && writeSet(value, depth);
};

/** By their prototypes. */
const VIEWS: ReadonlyMap<unknown, number> = new Map([
  [Uint8Array.prototype, COMPACT.bytes],
  [Buffer.prototype, COMPACT.buffer],
  [Uint16Array.prototype, COMPACT.uint16s],
  [Uint32Array.prototype, COMPACT.uint32s],
]);

const writeView = (view: ArrayBufferView, prototype: unknown): boolean => {
  const { byteLength: length } = view;
  const tag = VIEWS.get(prototype);
  if (tag === undefined || !hasRoom(3 + length)) return false;
  writeLength(tag, length);
  // a small one has no buffer before somebody asks for it, and many are empty
  if (length > 0) scratch.set(new Uint8Array(view.buffer, view.byteOffset, length), at);
  at += length;
  return true;
};

const writeDate = (value: Date): boolean => {
  if (!hasRoom(9)) return false;
  scratch[at] = COMPACT.date;
  view.setFloat64(at + 1, value.getTime(), true);
  at += 9;
  return true;
};

const writeMap = (value: ReadonlyMap<unknown, unknown>, depth: number): boolean => {
  if (value.size > COMPACT_BYTES) return false;
  writeLength(COMPACT.map, value.size);
  for (const [key, one] of value) if (!write(key, depth + 1) || !write(one, depth + 1)) return false;
  return true;
};

const writeSet = (value: ReadonlySet<unknown>, depth: number): boolean => {
  if (value.size > COMPACT_BYTES) return false;
  writeLength(COMPACT.set, value.size);
  for (const one of value) if (!write(one, depth + 1)) return false;
  return true;
};

/** An array with holes or with properties of its own is left to structured clone. */
const writeArray = (value: readonly unknown[], depth: number): boolean => {
  const { length } = value;
  if (Object.getPrototypeOf(value) !== Array.prototype || length > COMPACT_BYTES) return false;
  if (Object.keys(value).length !== length) return false;
  writeLength(COMPACT.array, length);
  for (let index = 0; index < length; index += 1) if (!write(value[index], depth + 1)) return false;
  return true;
};

/** What `Reflect.get` would read, which takes much longer. */
const writeProperties = (value: Readonly<Record<string, unknown>>, depth: number): boolean => {
  const names = Object.keys(value);
  const shape = shapeOf(names);
  if (shape >= 0) return writeShaped(value, { names, shape, depth });
  const start = at;
  let count = 0;
  at += 3;
  for (const name of names) {
    if (name === '__proto__' || !writeString(name) || !write(value[name], depth + 1)) return false;
    count += 1;
  }
  const end = at;
  at = start;
  writeLength(COMPACT.object, count);
  at = end;
  return true;
};

interface Shaped {
  readonly names: readonly string[];
  readonly shape: number;
  readonly depth: number;
}

/** There is room for more than tag and number: `writeObject` has looked. */
const writeShaped = (value: Readonly<Record<string, unknown>>, { names, shape, depth }: Shaped): boolean => {
  scratch[at] = COMPACT.shaped;
  scratch[at + 1] = shape;
  at += 2;
  for (const name of names) if (!write(value[name], depth + 1)) return false;
  return true;
};
