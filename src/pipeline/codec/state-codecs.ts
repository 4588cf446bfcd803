import { deserialize, serialize } from 'node:v8';
import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { checkStorable } from '../../internal/check-storable.js';
import { readCompact } from '../../internal/compact/compact-reader.js';
import { compactScratch, writeCompact, writeScratch } from '../../internal/compact/compact-writer.js';
import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { func, wholeNumber } from '../../internal/options/option-checks.js';
import type { StateCodec } from '../state-codec.js';
import { encodesInPlace } from './in-place.js';

/** The first byte. */
const CLONED = 0;
const COMPACTED = 1;
/**
 * The short form does not look for getters and symbols, which would cost more than all that it does: a stage whose states have any has
 * them from the start.
 */
const CHECKED_STATES = 16;

/** For a stage whose state has changed its shape. */
export interface StructuredCloneOptions<S> {
  /** Default 0. */
  readonly version?: number;
  /** Makes a state of what a structured-clone codec of an older version stored, whichever of them. */
  readonly upgrade?: (old: unknown, version: number) => S;
}

const encode = (value: unknown): Uint8Array => writeCompact(value, COMPACTED) ?? encodeCloned(value);

const encodeCloned = (value: unknown): Uint8Array => {
  checkStorable(value);
  const body = cloned(value);
  const bytes = new Uint8Array(body.byteLength + 1);
  bytes[0] = CLONED;
  bytes.set(body, 1);
  return bytes;
};

const cloned = (value: unknown): Uint8Array => {
  try {
    return serialize(value);
  } catch (error) {
    throw MillraceError.from(error, 'STATE_NOT_STORABLE', 'the value');
  }
};

/** @throws MillraceError STORE_CORRUPT for bytes that no state was made to */
const decode = (bytes: Uint8Array): unknown => {
  try {
    return read(bytes);
  } catch (cause) {
    throw corruptState('a state is not one that this version has written', cause);
  }
};

const read = (bytes: Uint8Array): unknown => {
  if (bytes[0] === COMPACTED) return readCompact(bytes, 1);
  if (bytes[0] !== CLONED) throw new RangeError(`no encoding begins with ${bytes[0]}`);
  // typed arrays in the value are views of what is given here, so it gets a copy of its own
  return deserialize(bytes.slice(1));
};

const CLONE: OptionChecks<StructuredCloneOptions<unknown>> = { version: wholeNumber(0, 0xffff), upgrade: func };

const structuredClone = <S = unknown>(options: StructuredCloneOptions<S> = {}): StateCodec<S> => {
  const { problems } = checkOptions('structuredClone', options, CLONE);
  if (problems.length > 0) throw invalidOptions('the codec', problems);
  const { version = 0, upgrade } = options;
  // stored under this version means encoded by this type: that is what versions are for
  let unchecked = CHECKED_STATES;
  const check = (state: unknown): void => {
    if (unchecked === 0) return;
    unchecked -= 1;
    checkStorable(state);
  };
  const encodeState = (state: S): Uint8Array => {
    check(state);
    return encode(state);
  };
  const write = (state: unknown): number => {
    check(state);
    return writeScratch(state, COMPACTED);
  };
  encodesInPlace(encodeState, { bytes: compactScratch, write, encodeOther: encodeCloned });
  const codec = { version, encode: encodeState, decode: (bytes: Uint8Array) => decode(bytes) as S };
  if (upgrade === undefined) return codec;
  return { ...codec, upgrade: (bytes, from) => upgrade(decode(bytes), from) };
};

/**
 * Codecs for the states of stages.
 * @namespace
 */
export const StateCodecs = frozenFunctions('StateCodecs', { structuredClone: 1 })({
  /**
   * Stores what structured clone gives back as it was: plain objects and arrays, Map, Set, Date, RegExp, typed arrays, Buffer, bigint,
   * built-in errors. Functions, symbols, class instances and getters are refused with STATE_NOT_STORABLE and their path. Small values are
   * stored in a shorter form. A typed array may come back with a larger `buffer` behind it.
   * @throws MillraceError INVALID_OPTIONS
   */
  structuredClone,
});
