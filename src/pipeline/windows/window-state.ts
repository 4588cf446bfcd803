/** An accumulator, as a value or as the bytes that it was stored as. */
export interface Kept {
  /** Undefined: it is not read yet, and stored, or is to be created. */
  value: unknown;
  /** What it stands in. */
  bytes: Uint8Array | undefined;
  /** Where it stands there; 0: it does not, or was another. */
  storedStart: number;
  storedEnd: number;
}

/**
 * What a key has of some of its items: those that are in the same windows. Of sliding windows it is what came in one slide, of a session
 * all of it.
 *
 * WS1. `from` and `to` are, of sliding windows, the ends of the first and the last window that its items are in; of a session its start
 *     and its end.
 */
export interface Pane extends Kept {
  /** Where it begins among the bytes, up to the end of its accumulator; 0: it is not there, or was another. */
  recordStart: number;
  /** That which has it as it is. Undefined: it is written when the state is. */
  part: PanePart | undefined;
  from: number;
  to: number;
  /** It has an item that no early result has shown. */
  fresh: boolean;
}

/** Some panes that are stored in a record of their own. */
export interface PanePart {
  readonly number: number;
  /** Bytes of all of it. */
  bytes: number;
  /** How many of its panes count. */
  panes: number;
}

/** What the panes come to together that stand first: those that are in the window which ended last. */
export interface Running extends Kept {
  /** How many they are. */
  count: number;
}

/**
 * The state of one key.
 *
 * WS2. Panes stand in the order of `to`, then `from`: those that are done with first.
 * WS3. While there are panes there is a timer `end` at `armed`, which is not behind the end of the first window that is to be told of. Of
 *     sliding windows it is just there, and a pane whose `from` is before it was in the window that ended last.
 */
export interface WindowState {
  readonly panes: Pane[];
  /** Where the timer `end` stands; NaN without panes. */
  armed: number;
  /** There is a timer `early`. */
  early: boolean;
  /** That is what was stored: the timer may have gone since, with a pipeline that has told nothing early. */
  earlyStored: boolean;
  /** Up to here windows end that panes stand before which are not in them; -Infinity: none. */
  mixedUntil: number;
  /** Absent: it is made of the panes when it is needed. */
  running: Running | undefined;
  /** What it was read from, or was stored as last, without its parts. */
  bytes: Uint8Array | undefined;
  /** Panes of no part that end before it stand first in `bytes`, as they are and one behind the other. */
  storedTo: number;
  /** That from which its times are stored: it stays, so that what is stored of a pane stays. NaN: it was never stored. */
  origin: number;
  /** How many bytes it had when it was read or stored last, with its parts; 0: neither. */
  storedBytes: number;
  /** Oldest first, numbered without a gap. */
  readonly parts: PanePart[];
  /** The number of the next part. */
  nextPart: number;
  /** How many panes are in parts. */
  inParts: number;
  /** Bytes of all parts. */
  partBytes: number;
  /** Bytes of the panes that are in them. */
  liveBytes: number;
  /** Panes that end up to here are gone, as far as parts have them. */
  goneTo: number;
  /** The part that was made when it was stored last, as it is to be stored; undefined: none. */
  newPart: Uint8Array | undefined;
}

export const emptyState = (): WindowState => ({
  panes: [],
  armed: Number.NaN,
  early: false,
  earlyStored: false,
  mixedUntil: Number.NEGATIVE_INFINITY,
  running: undefined,
  bytes: undefined,
  storedTo: Number.NEGATIVE_INFINITY,
  origin: Number.NaN,
  storedBytes: 0,
  parts: [],
  nextPart: 0,
  inParts: 0,
  partBytes: 0,
  liveBytes: 0,
  goneTo: Number.NEGATIVE_INFINITY,
  newPart: undefined,
});

/** What is stored of panes from there on has to be written anew, or to another place. */
export const changeFrom = (state: WindowState, to: number): void => {
  if (to < state.storedTo) state.storedTo = to;
};

/** What a part has of the pane counts no more (WP1). */
export const leavePart = (state: WindowState, pane: Pane): void => {
  const { part } = pane;
  if (part === undefined) return;
  part.panes -= 1;
  state.inParts -= 1;
  state.liveBytes -= recordBytes(pane);
  pane.part = undefined;
};

/** Of what is stored of it. */
export const recordBytes = ({ recordStart, storedEnd }: Pane): number => storedEnd - recordStart;

export const emptyPane = (from: number, to: number): Pane => ({
  value: undefined,
  bytes: undefined,
  storedStart: 0,
  storedEnd: 0,
  recordStart: 0,
  part: undefined,
  from,
  to,
  fresh: false,
});

export const emptyRunning = (): Running => ({
  value: undefined,
  bytes: undefined,
  storedStart: 0,
  storedEnd: 0,
  count: 0,
});

/** Every pane is as the early result has it that comes now. */
export const endEarly = (state: WindowState): void => {
  state.early = false;
  for (const pane of state.panes) {
    if (!pane.fresh) continue;
    pane.fresh = false;
    leavePart(state, pane);
    pane.recordStart = 0;
    changeFrom(state, pane.to);
  }
};
