import type { NumberReader } from './number-bytes.js';
import { timesOf } from './stored-times.js';
import { emptyPane, emptyRunning, emptyState, type Kept, type Pane, type WindowState } from './window-state.js';
import { NO_PANE, PANE_BITS, STATE_BITS } from './write-state.js';

/** Reads what `writeState` has written behind its head. The accumulators stay bytes, of `bytes`. @throws RangeError for anything else */
export const readState = (reader: NumberReader, bytes: Uint8Array, lengths: readonly number[]): WindowState => {
  const state = emptyState();
  state.bytes = bytes;
  state.storedBytes = bytes.byteLength;
  state.storedTo = Number.POSITIVE_INFINITY;
  state.origin = reader.number();
  const { unit, usualSpan } = timesOf(lengths);
  const readTime = (): number => state.origin + reader.number() * unit;
  for (;;) {
    const recordStart = reader.place;
    const bits = reader.count();
    if (bits === NO_PANE) break;
    if (bits > NO_PANE) throw new RangeError(`no pane begins with ${bits}`);
    const to = readTime();
    const from = (bits & PANE_BITS.usual) === 0 ? readTime() : to - usualSpan;
    state.panes.push(readPane(reader, emptyPane(from, to), { recordStart, bits }));
  }
  readRest(reader, state);
  return state;
};

const readPane = (
  reader: NumberReader,
  pane: Pane,
  { recordStart, bits }: { readonly recordStart: number; readonly bits: number },
): Pane => {
  pane.recordStart = recordStart;
  pane.fresh = (bits & PANE_BITS.fresh) !== 0;
  readKept(reader, pane);
  return pane;
};

const readRest = (reader: NumberReader, state: WindowState): void => {
  const { origin } = state;
  const bits = reader.count();
  state.early = (bits & STATE_BITS.early) !== 0;
  state.armed = origin + reader.number();
  if ((bits & STATE_BITS.mixed) !== 0) state.mixedUntil = origin + reader.number();
  if ((bits & STATE_BITS.running) !== 0) {
    state.running = emptyRunning();
    state.running.count = reader.count();
    readKept(reader, state.running);
  }
  if (reader.left > 0) throw new RangeError('bytes are left over');
};

export const readKept = (reader: NumberReader, kept: Kept): void => {
  const length = reader.count();
  kept.storedStart = reader.skip(length);
  kept.storedEnd = kept.storedStart + length;
};
