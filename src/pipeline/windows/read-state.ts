import { corruptState } from '../../errors/corrupt-state.js';
import type { NumberReader } from './number-bytes.js';
import { timesOf } from './stored-times.js';
import {
  emptyPane,
  emptyRunning,
  emptyState,
  type Kept,
  type Pane,
  type PanePart,
  type WindowState,
} from './window-state.js';
import { NO_PANE, PANE_BITS, STATE_BITS } from './write-state.js';

/** What is read, and of which windows. */
export interface ReadFrom {
  readonly reader: NumberReader;
  /** All that the reader reads. */
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** Reads what `writeState` and `writeRest` have written behind its head. The accumulators stay bytes, of `bytes`. @throws RangeError for anything else */
export const readState = (from: ReadFrom): WindowState => {
  const { reader, bytes } = from;
  const state = emptyState();
  state.bytes = bytes;
  state.storedBytes = bytes.byteLength;
  state.storedTo = Number.POSITIVE_INFINITY;
  state.origin = reader.number();
  readPanes(from, state.origin, state.panes);
  readRest(from, state);
  return state;
};

/** Reads a part behind its head. @throws as `readState` */
export const readPart = (from: ReadFrom): readonly Pane[] => {
  const panes: Pane[] = [];
  readPanes(from, from.reader.number(), panes);
  if (from.reader.left > 0) throw new RangeError('bytes are left over');
  return panes;
};

const readPanes = (from: ReadFrom, origin: number, panes: Pane[]): void => {
  const { reader, lengths } = from;
  const { unit, usualSpan } = timesOf(lengths);
  const readTime = (): number => origin + reader.number() * unit;
  for (;;) {
    const recordStart = reader.place;
    const bits = reader.count();
    if (bits === NO_PANE) return;
    if (bits > NO_PANE) throw new RangeError(`no pane begins with ${bits}`);
    const to = readTime();
    const pane = emptyPane((bits & PANE_BITS.usual) === 0 ? readTime() : to - usualSpan, to);
    pane.recordStart = recordStart;
    pane.fresh = (bits & PANE_BITS.fresh) !== 0;
    readKept(from, pane);
    panes.push(pane);
  }
};

const readRest = (from: ReadFrom, state: WindowState): void => {
  const { reader } = from;
  const { origin } = state;
  const bits = reader.count();
  state.early = (bits & STATE_BITS.early) !== 0;
  state.armed = origin + reader.number();
  if ((bits & STATE_BITS.mixed) !== 0) state.mixedUntil = origin + reader.number();
  if ((bits & STATE_BITS.parts) !== 0) readParts(reader, state);
  if ((bits & STATE_BITS.gone) !== 0) state.goneTo = origin + reader.number();
  if ((bits & STATE_BITS.running) !== 0) {
    state.running = emptyRunning();
    state.running.count = reader.count();
    readKept(from, state.running);
  }
  if (reader.left > 0) throw new RangeError('bytes are left over');
};

/** More are not what was written: each has a pane that counts, or is behind one that has. */
const MOST_PARTS = 200_000;

const readParts = (reader: NumberReader, state: WindowState): void => {
  const first = reader.count();
  const count = reader.count();
  if (count > MOST_PARTS) throw corruptState(`the windows of a key have ${count} parts`);
  state.nextPart = first + count;
  for (let number = first; number < state.nextPart; number += 1) state.parts.push(notReadYet(number));
};

const notReadYet = (number: number): PanePart => ({ number, bytes: 0, panes: 0 });

export const readKept = ({ reader, bytes }: Pick<ReadFrom, 'reader' | 'bytes'>, kept: Kept): void => {
  const length = reader.count();
  kept.bytes = bytes;
  kept.storedStart = reader.skip(length);
  kept.storedEnd = kept.storedStart + length;
};
