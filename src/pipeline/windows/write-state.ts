import { NumberWriter } from './number-bytes.js';
import { type StoredTimes, timesOf } from './stored-times.js';
import type { Kept, Pane, WindowState } from './window-state.js';

/** Of a state. */
export const STATE_BITS = { early: 1, running: 2, mixed: 4 } as const;
/** Of a pane. `usual`: it is in as many windows as an item that comes in time. */
export const PANE_BITS = { fresh: 1, usual: 2 } as const;
/** In the place of the bits of a pane: there is none any more. */
export const NO_PANE = 4;

const writer = new NumberWriter();
/** Where that begins and ends which was written, in its order: of each pane three places, of the running one two. */
const spans: number[] = [];

type Encode = (value: unknown) => Uint8Array;

/** What the states of a stage have in common. */
export interface WrittenForm {
  /** What all of them begin with. */
  readonly head: Uint8Array;
  readonly times: StoredTimes;
  /** Of an accumulator. */
  readonly encode: Encode;
}

/** The form of states that begin with these numbers, of which the lengths are those of the windows. */
export const writtenForm = (format: number, lengths: readonly number[], encode: Encode): WrittenForm => {
  writer.begin();
  for (const one of [format, ...lengths]) writer.count(one);
  return { head: writer.taken(), times: timesOf(lengths), encode };
};

/**
 * The bytes of the state. It knows them from then on where that spares it the encoding of an accumulator that the next item does not change.
 * What changes with the items stands last: what stands before it is copied in one piece.
 */
export const writeState = (state: WindowState, form: WrittenForm): Uint8Array => {
  const { panes, armed, early, mixedUntil, running, bytes } = state;
  const isMixed = mixedUntil >= armed;
  spans.length = 0;
  writer.begin();
  const from = writeStored(state, form);
  for (let index = from; index < panes.length; ) index += writePanes(state, index, form);
  writer.count(NO_PANE);
  writer.count((early ? STATE_BITS.early : 0) | (running ? STATE_BITS.running : 0) | (isMixed ? STATE_BITS.mixed : 0));
  writer.number(armed - state.origin);
  if (isMixed) writer.number(mixedUntil - state.origin);
  if (running !== undefined) {
    writer.count(running.count);
    writeKept(running, bytes, form);
  }
  const written = writer.taken();
  state.storedBytes = written.byteLength;
  if (running !== undefined || panes.length > 1) settle(state, from, written);
  // of one that has a value nothing is asked any more
  else if (panes[0]?.storedStart === 0) state.bytes = undefined;
  return written;
};

/** The head, and the panes that stand behind it as they are. Gives how many these are. */
const writeStored = (state: WindowState, { head, times }: WrittenForm): number => {
  const { panes, storedTo, bytes } = state;
  let count = bytes === undefined ? 0 : panes.length;
  while (count > 0 && !((panes[count - 1]?.to ?? 0) < storedTo)) count -= 1;
  const last = panes[count - 1];
  if (last !== undefined && bytes !== undefined) {
    writer.bytes(bytes.subarray(0, last.storedEnd));
    return count;
  }
  if (Number.isNaN(state.origin)) state.origin = times.originOf(panes);
  writer.bytes(head);
  writer.number(state.origin);
  return 0;
};

/** Those from there on that stand one behind the other as they are, in one piece; else the one. Gives how many they were. */
const writePanes = ({ panes, bytes, origin }: WindowState, from: number, form: WrittenForm): number => {
  const pane = panes[from];
  if (pane === undefined) return 1;
  if (bytes === undefined || !isStored(pane)) {
    writePane(pane, { bytes, origin }, form);
    return 1;
  }
  const start = pane.recordStart;
  const moved = writer.length - start;
  let end = start;
  let index = from;
  for (let one: Pane | undefined = pane; one?.recordStart === end && isStored(one); one = panes[index]) {
    spans.push(end + moved, one.storedStart + moved, one.storedEnd + moved);
    end = one.storedEnd;
    index += 1;
  }
  writer.bytes(bytes.subarray(start, end));
  return index - from;
};

const isStored = ({ recordStart, storedStart }: Pane): boolean => recordStart > 0 && storedStart > 0;

const writePane = (pane: Pane, { bytes, origin }: Pick<WindowState, 'bytes' | 'origin'>, form: WrittenForm): void => {
  const { from, to, fresh } = pane;
  const { unit, usualSpan } = form.times;
  const isUsual = to - from === usualSpan;
  spans.push(writer.length);
  writer.count((fresh ? PANE_BITS.fresh : 0) | (isUsual ? PANE_BITS.usual : 0));
  writer.number((to - origin) / unit);
  if (!isUsual) writer.number((from - origin) / unit);
  writeKept(pane, bytes, form);
};

const writeKept = (kept: Kept, stored: Uint8Array | undefined, { encode }: WrittenForm): void => {
  const { storedStart, storedEnd, value } = kept;
  const body = storedStart > 0 && stored !== undefined ? stored.subarray(storedStart, storedEnd) : encode(value);
  writer.count(body.byteLength);
  spans.push(writer.length, writer.length + body.byteLength);
  writer.bytes(body);
};

/** Only when all is written: what is there before is read by the places of before. @param from those before it stand where they stood */
const settle = (state: WindowState, from: number, written: Uint8Array): void => {
  const { panes, running } = state;
  state.bytes = written;
  state.storedTo = Number.POSITIVE_INFINITY;
  let at = 0;
  for (let index = from; index < panes.length; index += 1, at += 3) {
    const pane = panes[index];
    if (pane === undefined) continue;
    pane.recordStart = spans[at] ?? 0;
    place(pane, at + 1);
  }
  if (running !== undefined) place(running, at);
};

const place = (kept: Kept, at: number): void => {
  kept.storedStart = spans[at] ?? 0;
  kept.storedEnd = spans[at + 1] ?? 0;
};
