import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import type { StateCodec } from '../state-codec.js';
import { lengthsOf, lengthsText } from './kept-windows.js';
import { NumberReader } from './number-bytes.js';
import { readFormerState } from './read-former-state.js';
import { readState } from './read-state.js';
import type { WindowShape } from './window-definition.js';
import type { Kept, WindowState } from './window-state.js';
import { writeState, writtenForm } from './write-state.js';

/** The first byte: one that no codec of `StateCodecs` begins with, so that nobody takes the one for the other. */
const FORMAT = 17;
const FORMER_FORMAT = 16;

/**
 * The state of a key as bytes: a format, the shape of the windows, then panes and accumulators, these as their codec has them. An accumulator that
 * has not changed since it was read or stored is copied as it is, and is read when it is asked for.
 */
export const windowCodec = (shape: WindowShape, accumulators: StateCodec<unknown>): StateCodec<WindowState> => {
  const form = writtenForm(FORMAT, lengthsOf(shape), (value) => checkBytes(accumulators.encode(value)));
  const encode = (state: WindowState): Uint8Array => writeState(state, form);
  const decode = (bytes: Uint8Array): WindowState => {
    const { lengths, state } = readWindows(bytes);
    checkLengths(lengths, shape);
    state.earlyStored = state.early;
    return state;
  };
  const { version } = accumulators;
  if (accumulators.upgrade === undefined) return { version, encode, decode };
  const upgrade = (bytes: Uint8Array, from: number): WindowState => {
    const state = decode(bytes);
    const renew = (kept: Kept): void => {
      kept.value = accumulators.upgrade?.(bytes.slice(kept.storedStart, kept.storedEnd), from);
      kept.storedStart = 0;
    };
    for (const pane of state.panes) renew(pane);
    state.storedTo = Number.NEGATIVE_INFINITY;
    // made of what the panes are now
    state.running = undefined;
    return state;
  };
  return { version, encode, decode, upgrade };
};

const checkBytes = (encoded: unknown): Uint8Array => {
  if (encoded instanceof Uint8Array) return encoded;
  refusePromise(encoded, 'encode');
  throw new MillraceError('USER_FUNCTION_FAILED', 'encode gave no Uint8Array');
};

/** The state of a key, by whatever windows it is of. @throws MillraceError STORE_CORRUPT */
export const readWindows = (
  bytes: Uint8Array,
): { readonly lengths: readonly number[]; readonly state: WindowState } => {
  // what is given may be a part of something large, which would stay with it
  const own = bytes.slice();
  const reader = new NumberReader(own);
  const { format, lengths } = readHead(reader);
  const read = format === FORMAT ? () => readState(reader, own, lengths) : () => readFormerState(reader, own);
  return { lengths, state: readable(read) };
};

const checkLengths = (lengths: readonly number[], shape: WindowShape): void => {
  if (lengths.join() === lengthsOf(shape).join()) return;
  throw corruptState(`there are ${lengthsText(lengths)}, and the stage has others`);
};

/** Of a state, which is behind them. @throws MillraceError STORE_CORRUPT for what is none of windows */
const readHead = (reader: NumberReader): { readonly format: number; readonly lengths: readonly number[] } => {
  const [format, slide, slides] = readable(() => {
    const [format, slide] = [reader.count(), reader.count()];
    return [format, slide, slide === 0 ? 0 : reader.count()] as const;
  });
  if (format !== FORMAT && format !== FORMER_FORMAT) throw corruptState(`windows are not stored in format ${format}`);
  return { format, lengths: slide === 0 ? [slide] : [slide, slides] };
};

const readable = <R>(read: () => R): R => {
  try {
    return read();
  } catch (cause) {
    throw corruptState('the windows of a key are not what this version has written', cause);
  }
};
