import { MillraceError } from '../../errors/millrace-error.js';
import { emptyPane, type Pane } from './window-state.js';

/** More of one key are a mistake in its times, mostly: each takes memory until its windows end. */
const MOST_PANES = 100_000;

const isBefore = (pane: Pane, from: number, to: number): boolean =>
  pane.to < to || (pane.to === to && pane.from < from);

/** Where a pane stands, or would (WS2). The last one is asked first: most items are of its time. */
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
export const insertPane = (panes: Pane[], pane: Pane): void => {
  if (panes.length >= MOST_PANES) throw tooMany();
  panes.splice(placeOf(panes, pane.from, pane.to), 0, pane);
};

/** The pane of these windows, which is put there where there is none. @throws as `insertPane` */
export const paneOf = (panes: Pane[], from: number, to: number): Pane => {
  const known = panes[placeOf(panes, from, to)];
  if (known?.from === from && known.to === to) return known;
  const pane = emptyPane(from, to);
  insertPane(panes, pane);
  return pane;
};

const tooMany = (): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `the key has open windows at ${MOST_PANES} times, which is the most`, {
    advice:
      'Look at its timestamps: one source far behind the others keeps all windows open. Else take a larger slide, or give the stage onError.',
    details: { panes: MOST_PANES },
  });
