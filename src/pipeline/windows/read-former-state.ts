import { type ReadFrom, readKept } from './read-state.js';
import { emptyPane, emptyRunning, emptyState, type Pane, type WindowState } from './window-state.js';
import { STATE_BITS } from './write-state.js';

/** Of a pane. */
const FRESH = 1;
const ONE_WINDOW = 2;

/**
 * Reads a state of the former format, behind its head: its times stand there as they are, and what changes stands first. So its accumulators are
 * copied as they are, and its panes are written anew.
 * @throws RangeError for anything else
 */
export const readFormerState = (from: ReadFrom): WindowState => {
  const { reader, bytes } = from;
  const state = emptyState();
  state.bytes = bytes;
  state.storedBytes = bytes.byteLength;
  const bits = reader.count();
  state.early = (bits & STATE_BITS.early) !== 0;
  state.armed = reader.number();
  if ((bits & STATE_BITS.mixed) !== 0) state.mixedUntil = reader.number();
  if ((bits & STATE_BITS.running) !== 0) {
    state.running = emptyRunning();
    state.running.count = reader.count();
    readKept(from, state.running);
  }
  for (let left = reader.count(); left > 0; left -= 1) state.panes.push(readPane(from));
  if (reader.left > 0) throw new RangeError('bytes are left over');
  return state;
};

const readPane = (from: ReadFrom): Pane => {
  const { reader } = from;
  const bits = reader.count();
  const to = reader.number();
  const pane = emptyPane((bits & ONE_WINDOW) === 0 ? reader.number() : to, to);
  pane.fresh = (bits & FRESH) !== 0;
  readKept(from, pane);
  return pane;
};
