import type { NumberReader } from './number-bytes.js';
import { emptyPane, emptyRunning, emptyState, type Kept, type Pane, type WindowState } from './window-state.js';
import { PANE_BITS, STATE_BITS } from './write-state.js';

/** Reads what `writeState` has written behind its head. The accumulators stay bytes, of `bytes`. @throws RangeError for anything else */
export const readState = (reader: NumberReader, bytes: Uint8Array): WindowState => {
  const state = { ...emptyState(), bytes, storedBytes: bytes.byteLength };
  const bits = reader.count();
  state.early = (bits & STATE_BITS.early) !== 0;
  state.armed = reader.number();
  if ((bits & STATE_BITS.mixed) !== 0) state.mixedUntil = reader.number();
  if ((bits & STATE_BITS.running) !== 0) {
    state.running = { ...emptyRunning(), count: reader.count() };
    readKept(reader, state.running);
  }
  for (let left = reader.count(); left > 0; left -= 1) state.panes.push(readPane(reader));
  if (reader.left > 0) throw new RangeError('bytes are left over');
  return state;
};

const readPane = (reader: NumberReader): Pane => {
  const recordStart = reader.place;
  const bits = reader.count();
  const to = reader.number();
  const pane = emptyPane((bits & PANE_BITS.oneWindow) === 0 ? reader.number() : to, to);
  pane.recordStart = recordStart;
  pane.fresh = (bits & PANE_BITS.fresh) !== 0;
  readKept(reader, pane);
  return pane;
};

const readKept = (reader: NumberReader, kept: Kept): void => {
  const length = reader.count();
  kept.storedStart = reader.skip(length);
  kept.storedEnd = kept.storedStart + length;
};
