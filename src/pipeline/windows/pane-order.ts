import { MillraceError } from '../../errors/millrace-error.js';
import { changeFrom, emptyPane, leavePart, type Pane, type WindowState } from './window-state.js';

/** More of one key are a mistake in its times, mostly: each takes memory until its windows end. */
const MOST_PANES = 100_000;

const isBefore = (pane: Pane, from: number, to: number): boolean =>
  pane.to < to || (pane.to === to && pane.from < from);

/** Where a pane stands, or would (WS2). The last one is asked first: most new ones are behind it. */
export const placeOf = (panes: readonly Pane[], from: number, to: number): number => {
  let high = panes.length;
  const last = panes[high - 1];
  if (last === undefined || isBefore(last, from, to)) return high;
  let low = 0;
  high -= 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const pane = panes[middle];
    if (pane !== undefined && isBefore(pane, from, to)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** @throws MillraceError USER_FUNCTION_FAILED for one too many: the stage has failed at the item */
export const insertPane = (state: WindowState, pane: Pane): void => {
  const { panes } = state;
  if (panes.length >= MOST_PANES) throw tooMany();
  panes.splice(placeOf(panes, pane.from, pane.to), 0, pane);
  changeFrom(state, pane.to);
};

/** Takes out those from `start` up to `end`. */
export const removePanes = (state: WindowState, start: number, end: number): readonly Pane[] => {
  const first = state.panes[start];
  if (first === undefined || start >= end) return [];
  changeFrom(state, first.to);
  const removed = state.panes.splice(start, end - start);
  if (state.inParts > 0) for (const pane of removed) leavePart(state, pane);
  return removed;
};

/** Takes out those that end up to there (WS2: they stand first). */
export const removeEnded = (state: WindowState, end: number): readonly Pane[] => {
  const { panes } = state;
  let ended = 0;
  for (let pane = panes[0]; pane !== undefined && pane.to <= end; pane = panes[ended]) ended += 1;
  state.goneTo = Math.max(state.goneTo, end);
  return removePanes(state, 0, ended);
};

/** The pane of these windows, which is put there where there is none. @throws as `insertPane` */
export const paneOf = (state: WindowState, from: number, to: number): Pane => {
  const { panes } = state;
  // most items are of the time of the last one
  const last = panes[panes.length - 1];
  if (last?.to === to && last.from === from) return last;
  const known = panes[placeOf(panes, from, to)];
  if (known?.from === from && known.to === to) return known;
  const pane = emptyPane(from, to);
  insertPane(state, pane);
  return pane;
};

const tooMany = (): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `the key has open windows at ${MOST_PANES} times, which is the most`, {
    advice:
      'Look at its timestamps: one source far behind the others keeps all windows open. Else take a larger slide, or give the stage onError.',
    details: { panes: MOST_PANES },
  });
