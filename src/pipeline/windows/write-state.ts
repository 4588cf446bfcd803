import { NumberWriter } from './number-bytes.js';
import type { Kept, Pane, WindowState } from './window-state.js';

/** Of a state. */
export const STATE_BITS = { early: 1, running: 2, mixed: 4 } as const;
/** Of a pane. */
export const PANE_BITS = { fresh: 1, oneWindow: 2 } as const;

const writer = new NumberWriter();
/** Where the accumulators begin and end that were written, in their order. */
const spans: number[] = [];

/** The bytes of the state. It knows them from then on where that spares it the encoding of an accumulator that the next item does not change. */
export const writeState = (
  state: WindowState,
  head: Uint8Array,
  encode: (value: unknown) => Uint8Array,
): Uint8Array => {
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
  for (const pane of panes) {
    writePane(pane);
    writeKept(pane, bytes, encode);
  }
  const written = writer.taken();
  if (spans.length > 2) settle(state, written);
  // of one that has a value nothing is asked any more
  else if (panes[0]?.storedStart === 0) state.bytes = undefined;
  return written;
};

const writePane = ({ from, to, fresh }: Pane): void => {
  writer.count((fresh ? PANE_BITS.fresh : 0) | (from === to ? PANE_BITS.oneWindow : 0));
  writer.number(to);
  if (from !== to) writer.number(from);
};

const writeKept = (kept: Kept, stored: Uint8Array | undefined, encode: (value: unknown) => Uint8Array): void => {
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
  const place = (kept: Kept): void => {
    kept.storedStart = spans[at] ?? 0;
    kept.storedEnd = spans[at + 1] ?? 0;
    at += 2;
  };
  if (state.running !== undefined) place(state.running);
  for (const pane of state.panes) place(pane);
};
