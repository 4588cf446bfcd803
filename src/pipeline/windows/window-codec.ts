import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import { encodesInPlace, inPlaceOf } from '../codec/in-place.js';
import type { StateCodec } from '../state-codec.js';
import type { StateParts } from '../state-parts.js';
import { lengthsOf, lengthsText } from './kept-windows.js';
import { NumberReader } from './number-bytes.js';
import { joinParts, type ReadPart } from './pane-parts.js';
import { readFormerState } from './read-former-state.js';
import { type ReadFrom, readPart, readState } from './read-state.js';
import type { WindowShape } from './window-definition.js';
import type { Kept, WindowState } from './window-state.js';
import {
  FORMATS,
  type WrittenForm,
  writeRest,
  writeSingle,
  writeState,
  writtenBytes,
  writtenForm,
} from './write-state.js';

const FORMER_FORMAT = 16;
/** Panes of so many bytes are worth a record of their own: what is written for an item stays below, mostly. */
const PART_BYTES = 512;

/** How the states of a stage with windows are stored. */
export interface WindowCodec extends StateCodec<WindowState> {
  /** Absent: each is one record. */
  readonly parts?: StateParts;
}

/**
 * The state of a key as bytes: a format, the shape of the windows, then panes and accumulators, these as their codec has them. An accumulator that
 * has not changed since it was read or stored is copied as it is, and is read when it is asked for.
 * @param partBytes how large panes together are that go into a part
 */
export const windowCodec = (
  shape: WindowShape,
  accumulators: StateCodec<unknown>,
  partBytes = PART_BYTES,
): WindowCodec => {
  const inPlace = inPlaceOf(accumulators);
  const encodeOne = inPlace?.encodeOther ?? ((value: unknown) => checkBytes(accumulators.encode(value)));
  const form = writtenForm(lengthsOf(shape), { encode: encodeOne, inPlace });
  const decode = (bytes: Uint8Array): WindowState => {
    const { lengths, state } = readWindows(bytes);
    checkLengths(lengths, shape);
    state.earlyStored = state.early;
    return state;
  };
  const decodePart = (bytes: Uint8Array): ReadPart => {
    const { lengths, part } = readWindowPart(bytes);
    checkLengths(lengths, shape);
    return part;
  };
  const renewed = renewing(accumulators);
  const { version } = accumulators;
  const codec = {
    version,
    encode: encodingSingle((state) => writeState(state, form), form),
    decode,
    ...(renewed && { upgrade: (bytes: Uint8Array, from: number) => upgraded(decode(bytes), from, renewed) }),
  };
  // a session may begin earlier, and end later, with each item
  if (shape.kind === 'session') return codec;
  const partCodec: StateCodec<unknown> = {
    version,
    encode: (part) => part as Uint8Array,
    decode: decodePart,
    ...(renewed && {
      upgrade: (bytes, from) => {
        const part = decodePart(bytes);
        for (const pane of part.panes) renewed(pane, from);
        return part;
      },
    }),
  };
  return { ...codec, parts: windowParts(form, partCodec, partBytes) };
};

/** What stands in parts is that of the states of the stage, which has no others. */
const windowParts = (form: WrittenForm, codec: StateCodec<unknown>, partBytes: number): StateParts => ({
  codec,
  encodeRest: encodingSingle((state) => writeRest(state, form, partBytes), form),
  newPart: (state) => (state as WindowState).newPart,
  rangeOf: (state) => {
    const { parts, nextPart } = state as WindowState;
    return { first: nextPart - parts.length, end: nextPart };
  },
  sizeOf: (state) => (state as WindowState).storedBytes,
  join: (state, parts) => joinParts(state as WindowState, parts as readonly ReadPart[]),
});

/** The same function, of which it is known how it encodes in place. */
const encodingSingle = (encode: (state: WindowState) => Uint8Array, form: WrittenForm) => {
  const encodeAny = (state: unknown): Uint8Array => encode(state as WindowState);
  encodesInPlace(encodeAny, {
    get bytes() {
      return writtenBytes();
    },
    write: (state) => writeSingle(state as WindowState, form),
    encodeOther: encodeAny,
  });
  return encodeAny;
};

type Renew = (kept: Kept, from: number) => void;

/** Makes an accumulator that an earlier version of its codec has written one of this version. */
const renewing = ({ upgrade }: StateCodec<unknown>): Renew | undefined =>
  upgrade === undefined
    ? undefined
    : (kept, from) => {
        kept.value = upgrade((kept.bytes ?? NOTHING).slice(kept.storedStart, kept.storedEnd), from);
        kept.storedStart = 0;
      };

const NOTHING = new Uint8Array();

const upgraded = (state: WindowState, from: number, renew: Renew): WindowState => {
  for (const pane of state.panes) renew(pane, from);
  state.storedTo = Number.NEGATIVE_INFINITY;
  // made of what the panes are now
  state.running = undefined;
  return state;
};

const checkBytes = (encoded: unknown): Uint8Array => {
  if (encoded instanceof Uint8Array) return encoded;
  refusePromise(encoded, 'encode');
  throw new MillraceError('USER_FUNCTION_FAILED', 'encode gave no Uint8Array');
};

/** The state of a key, by whatever windows it is of, without what its parts have. @throws MillraceError STORE_CORRUPT */
export const readWindows = (
  bytes: Uint8Array,
): { readonly lengths: readonly number[]; readonly state: WindowState } => {
  const { format, ...from } = beginning(bytes, [FORMATS.whole, FORMATS.parted, FORMER_FORMAT]);
  const state = readable(() => (format === FORMER_FORMAT ? readFormerState(from) : readState(from)));
  return { lengths: from.lengths, state };
};

/** A part of one. @throws MillraceError STORE_CORRUPT */
export const readWindowPart = (bytes: Uint8Array): { readonly lengths: readonly number[]; readonly part: ReadPart } => {
  const from = beginning(bytes, [FORMATS.part]);
  const panes = readable(() => readPart(from));
  return { lengths: from.lengths, part: { panes, bytes: bytes.byteLength } };
};

const checkLengths = (lengths: readonly number[], shape: WindowShape): void => {
  if (lengths.join() === lengthsOf(shape).join()) return;
  throw corruptState(`there are ${lengthsText(lengths)}, and the stage has others`);
};

/** What stands in front, and what stands behind it. @throws MillraceError STORE_CORRUPT for what is none of windows */
const beginning = (bytes: Uint8Array, formats: readonly number[]): ReadFrom & { readonly format: number } => {
  // what is given may be a part of something large, which would stay with it
  const own = bytes.slice();
  const reader = new NumberReader(own);
  const [format, slide, slides] = readable(() => {
    const [format, slide] = [reader.count(), reader.count()];
    return [format, slide, slide === 0 ? 0 : reader.count()] as const;
  });
  if (!formats.includes(format)) throw corruptState(`windows are not stored in format ${format}`);
  return { format, reader, bytes: own, lengths: slide === 0 ? [slide] : [slide, slides] };
};

const readable = <R>(read: () => R): R => {
  try {
    return read();
  } catch (cause) {
    throw corruptState('the windows of a key are not what this version has written', cause);
  }
};
