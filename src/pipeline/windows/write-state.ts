import { NumberWriter } from './number-bytes.js';
import type { Kept, Pane, WindowState } from './window-state.js';

/** Of a state. */
export const STATE_BITS = { early: 1, running: 2, mixed: 4 } as const;
/** Of a pane. */
export const PANE_BITS = { fresh: 1, oneWindow: 2 } as const;

const writer = new NumberWriter();
/** Where that begins and ends which was written, in its order: of the running one two places, of each pane three. */
const spans: number[] = [];

type Encode = (value: unknown) => Uint8Array;

/** What all states of a stage begin with. */
export const writeHead = (numbers: readonly number[]): Uint8Array => {
  writer.begin();
  for (const one of numbers) writer.count(one);
  return writer.taken();
};

/** The bytes of the state. It knows them from then on where that spares it the encoding of an accumulator that the next item does not change. */
export const writeState = (state: WindowState, head: Uint8Array, encode: Encode): Uint8Array => {
  const { panes, armed, early, mixedUntil, running, bytes } = state;
  const isMixed = mixedUntil >= armed;
  spans.length = 0;
  writer.begin();
  writer.bytes(head);
  writer.count((early ? STATE_BITS.early : 0) | (running ? STATE_BITS.running : 0) | (isMixed ? STATE_BITS.mixed : 0));
  writer.number(armed);
  if (isMixed) writer.number(mixedUntil);
  if (running !== undefined) {
    writer.count(running.count);
    writeKept(running, bytes, encode);
  }
  writer.count(panes.length);
  for (let index = 0; index < panes.length; ) index += writePanes(panes, index, { bytes, encode });
  const written = writer.taken();
  state.storedBytes = written.byteLength;
  if (running !== undefined || panes.length > 1) settle(state, written);
  // of one that has a value nothing is asked any more
  else if (panes[0]?.storedStart === 0) state.bytes = undefined;
  return written;
};

interface From {
  readonly bytes: Uint8Array | undefined;
  readonly encode: Encode;
}

/** Those from there on that stand one behind the other as they are, in one piece; else the one. Gives how many they were. */
const writePanes = (panes: readonly Pane[], from: number, { bytes, encode }: From): number => {
  const pane = panes[from];
  if (pane === undefined) return 1;
  if (bytes === undefined || !isStored(pane)) {
    writePane(pane, bytes, encode);
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

const writePane = (pane: Pane, stored: Uint8Array | undefined, encode: Encode): void => {
  const { from, to, fresh } = pane;
  spans.push(writer.length);
  writer.count((fresh ? PANE_BITS.fresh : 0) | (from === to ? PANE_BITS.oneWindow : 0));
  writer.number(to);
  if (from !== to) writer.number(from);
  writeKept(pane, stored, encode);
};

const writeKept = (kept: Kept, stored: Uint8Array | undefined, encode: Encode): void => {
  const { storedStart, storedEnd, value } = kept;
  const body = storedStart > 0 && stored !== undefined ? stored.subarray(storedStart, storedEnd) : encode(value);
  writer.count(body.byteLength);
  spans.push(writer.length, writer.length + body.byteLength);
  writer.bytes(body);
};

/** Only when all is written: what is there before is read by the places of before. */
const settle = (state: WindowState, written: Uint8Array): void => {
  state.bytes = written;
  let at = 0;
  const next = (): number => {
    at += 1;
    return spans[at - 1] ?? 0;
  };
  if (state.running !== undefined) place(state.running, next);
  for (const pane of state.panes) {
    pane.recordStart = next();
    place(pane, next);
  }
};

const place = (kept: Kept, next: () => number): void => {
  kept.storedStart = next();
  kept.storedEnd = next();
};
