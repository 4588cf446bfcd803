import type { KeptWindows } from '../../pipeline/windows/kept-windows.js';
import { joinParts } from '../../pipeline/windows/pane-parts.js';
import { readWindowPart, readWindows } from '../../pipeline/windows/window-codec.js';
import type { Pane } from '../../pipeline/windows/window-state.js';
import { type ShownBytes, shownBytes, shownState } from './shown-value.js';
import { timeText } from './time-text.js';

/** What a key has of a window that is open, or of several that slide. */
export interface WindowReport {
  /** ISO 8601; of windows that slide that of the first which its items are in. */
  readonly start: string;
  /** The same of the end, which is that of the last. */
  readonly end: string;
  /** How many windows they are. */
  readonly windows: number;
  /** Its accumulator, where the codec that is the default can read it. */
  readonly value?: string;
  readonly bytes: ShownBytes;
}

/** The state of a key of a window stage: as bytes alone where it cannot be read. */
export const shownWindows = (
  body: Uint8Array,
  parts: readonly Uint8Array[],
): { readonly windows?: readonly WindowReport[]; readonly bytes: ShownBytes } => {
  const bytes = shownBytes(body);
  try {
    const { lengths, state } = readWindows(body);
    joinParts(
      state,
      parts.map((part) => readWindowPart(part).part),
    );
    return { windows: state.panes.map((pane) => windowReport(pane, lengths)), bytes };
  } catch {
    return { bytes };
  }
};

/** Of a session a pane has start and end, of the others the ends of its first and its last window. */
const windowReport = (
  { from, to, bytes, storedStart, storedEnd }: Pane,
  [slide = 0, slides = 1]: KeptWindows['lengths'],
): WindowReport => ({
  start: timeText(slide === 0 ? from : from - slide * slides),
  end: timeText(to),
  windows: slide === 0 ? 1 : (to - from) / slide + 1,
  ...shownState((bytes ?? NOTHING).subarray(storedStart, storedEnd)),
});

const NOTHING = new Uint8Array();
