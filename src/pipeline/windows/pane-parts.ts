import { corruptState } from '../../errors/corrupt-state.js';
import { type Pane, type PanePart, recordBytes, type WindowState } from './window-state.js';

/** A part as it was read. */
export interface ReadPart {
  readonly panes: readonly Pane[];
  readonly bytes: number;
}

/**
 * What a key has in parts. A window that slides has a pane for each slide, of which an item changes one, mostly the last: the others go into parts,
 * so that what is written for an item does not grow with their number.
 *
 * WP1. A part is never changed: a pane that changes is written with the state again, and what a later part or the state has of the same windows
 *      is what counts.
 * WP2. Nothing is written of a pane that goes but `goneTo`: so it may not be taken out in any other order, and one that came behind it goes
 *      into no part.
 * WP3. A part of which nothing counts goes when it is the first one. Where parts have more bytes that do not count than bytes that do, all panes are
 *      written anew.
 */
export const ownPanes = ({ panes, parts, inParts }: WindowState): readonly Pane[] => {
  if (parts.length === 0) return panes;
  const own: Pane[] = [];
  // mostly they stand last
  const count = panes.length - inParts;
  for (let index = panes.length - 1; own.length < count; index -= 1) {
    const pane = panes[index];
    if (pane === undefined) break;
    if (pane.part === undefined) own.push(pane);
  }
  return own.reverse();
};

/** Drops what does not count (WP3). Gives whether panes that were in parts are to be written anew. @param spare bytes that are not worth it */
export const dropParts = (state: WindowState, spare: number): boolean => {
  const { parts } = state;
  for (let [first] = parts; first?.panes === 0; first = parts[0]) {
    parts.shift();
    state.partBytes -= first.bytes;
  }
  if (state.partBytes <= 2 * state.liveBytes + spare) return false;
  for (const pane of state.panes) pane.part = undefined;
  state.inParts = 0;
  state.partBytes = 0;
  state.liveBytes = 0;
  state.storedTo = Number.NEGATIVE_INFINITY;
  parts.length = 0;
  return true;
};

/** Has the panes in a new part, which stand in it already. */
export const addPart = (state: WindowState, panes: readonly Pane[], bytes: Uint8Array): void => {
  const part: PanePart = { number: state.nextPart, bytes: bytes.byteLength, panes: panes.length };
  for (const pane of panes) {
    pane.part = part;
    state.liveBytes += recordBytes(pane);
  }
  state.nextPart += 1;
  state.inParts += panes.length;
  state.partBytes += part.bytes;
  state.parts.push(part);
  state.newPart = bytes;
  // the panes that are left stand elsewhere among its bytes
  state.storedTo = Number.NEGATIVE_INFINITY;
};

/** Takes in what the parts have of a state that was read. @throws MillraceError STORE_CORRUPT */
export const joinParts = (state: WindowState, read: readonly ReadPart[]): void => {
  if (read.length !== state.parts.length) throw corruptState('parts of the windows of a key are missing');
  const all: Pane[] = [];
  for (const [index, { panes, bytes }] of read.entries()) {
    const part = state.parts[index];
    if (part === undefined) continue;
    part.bytes = bytes;
    state.partBytes += bytes;
    for (const pane of panes) {
      if (pane.to <= state.goneTo) continue;
      pane.part = part;
      all.push(pane);
    }
  }
  for (const pane of state.panes) all.push(pane);
  const counting = all.every((pane, index) => index === 0 || order(all[index - 1] ?? pane, pane) < 0) ? all : last(all);
  state.panes.length = 0;
  for (const pane of counting) {
    state.panes.push(pane);
    const { part } = pane;
    if (part === undefined) continue;
    part.panes += 1;
    state.inParts += 1;
    state.liveBytes += recordBytes(pane);
  }
  state.storedBytes += state.liveBytes;
};

/** WS2 */
const order = (one: Pane, other: Pane): number => one.to - other.to || one.from - other.from;

/** In order, of those of the same windows the last one (WP1). */
const last = (panes: readonly Pane[]): readonly Pane[] => {
  const sorted = [...panes].sort(order);
  return sorted.filter((pane, index) => {
    const next = sorted[index + 1];
    return next === undefined || order(pane, next) !== 0;
  });
};
