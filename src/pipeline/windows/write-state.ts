import type { InPlace } from '../codec/in-place.js';
import { NumberWriter } from './number-bytes.js';
import { addPart, dropParts, ownPanes } from './pane-parts.js';
import { type StoredTimes, timesOf } from './stored-times.js';
import { type Kept, type Pane, recordBytes, type WindowState } from './window-state.js';

/** Of a state. */
export const STATE_BITS = { early: 1, running: 2, mixed: 4, parts: 8, gone: 16 } as const;
/** Of a pane. `usual`: it is in as many windows as an item that comes in time. */
export const PANE_BITS = { fresh: 1, usual: 2 } as const;
/** In the place of the bits of a pane: there is none any more. */
export const NO_PANE = 4;
/** The first byte: one that no codec of `StateCodecs` begins with, so that nobody takes the one for the other. `parted`: of a state that has parts. */
export const FORMATS = { whole: 17, parted: 18, part: 19 } as const;

const writer = new NumberWriter();
/** Where that begins and ends which was written, in its order: of each pane three places, of the running one two. */
const spans: number[] = [];

/** What the states of a stage have in common. */
export interface WrittenForm {
  /** What all of them begin with. */
  readonly head: Uint8Array;
  readonly times: StoredTimes;
  /** Of an accumulator. */
  readonly encode: (value: unknown) => Uint8Array;
  /** Of small ones, where their codec does that. */
  readonly inPlace: InPlace | undefined;
}

/** The form of the states of windows of these lengths. */
export const writtenForm = (
  lengths: readonly number[],
  accumulators: Pick<WrittenForm, 'encode' | 'inPlace'>,
): WrittenForm => {
  writer.begin();
  for (const one of [FORMATS.whole, ...lengths]) writer.count(one);
  return { head: writer.taken(), times: timesOf(lengths), ...accumulators };
};

/**
 * As `writeState` and `writeRest`, to the beginning of `writtenBytes`: of a state of one pane that has changed, since nothing of what is written is
 * asked for by the next item. Gives the length; 0: it is another one.
 */
export const writeSingle = (state: WindowState, form: WrittenForm): number => {
  const { panes, parts, running } = state;
  const [pane] = panes;
  if (panes.length !== 1 || pane?.storedStart !== 0 || parts.length > 0 || running !== undefined) return 0;
  begin();
  writeBeginning(state, form);
  writePane(pane, state.origin, form);
  writeEnd(state, { isParted: false }, form);
  state.newPart = undefined;
  state.bytes = undefined;
  state.storedBytes = writer.length;
  return writer.length;
};

export const writtenBytes = (): Uint8Array => writer.room;

/**
 * The bytes of all of the state. It knows them from then on where that spares it the encoding of an accumulator that the next item does not change,
 * and it has no parts.
 */
export const writeState = (state: WindowState, form: WrittenForm): Uint8Array => {
  if (state.parts.length === 0) return writeOwn(state, state.panes, form);
  begin();
  writeHead(state, form);
  writePanes(state.panes, { from: 0, origin: state.origin }, form);
  writeEnd(state, { isParted: false }, form);
  return writer.taken();
};

/** As `writeState`, without what parts have. Before, panes of so many bytes that have not changed since it was stored last go into a new part. */
export const writeRest = (state: WindowState, form: WrittenForm, partBytes: number): Uint8Array => {
  state.newPart = undefined;
  const isAnew = state.parts.length > 0 && dropParts(state, partBytes);
  if (isAnew || (state.bytes?.byteLength ?? 0) >= partBytes) writePart(state, form, partBytes);
  const written = writeOwn(state, ownPanes(state), form);
  state.storedBytes += state.liveBytes;
  return written;
};

/** What changes with the items stands last: what stands before it is copied in one piece. */
const writeOwn = (state: WindowState, panes: readonly Pane[], form: WrittenForm): Uint8Array => {
  const isParted = state.parts.length > 0;
  begin();
  const from = writeStored(state, panes, form);
  writePanes(panes, { from, origin: state.origin }, form);
  writeEnd(state, { isParted }, form);
  const written = writer.taken();
  written[0] = isParted ? FORMATS.parted : FORMATS.whole;
  state.storedBytes = written.byteLength;
  if (isParted || state.running !== undefined || panes.length > 1) settle(state, { panes, from }, written);
  // of one that has a value nothing is asked any more
  else if (panes[0]?.storedStart === 0) state.bytes = undefined;
  return written;
};

/** All panes but the last one, which is that of most items: where those that have not changed are large together. */
const writePart = (state: WindowState, form: WrittenForm, partBytes: number): void => {
  const last = state.panes.at(-1);
  let bytes = 0;
  const panes = ownPanes(state).filter((pane) => {
    if (pane === last || !isStored(pane) || pane.to <= state.goneTo) return false;
    bytes += recordBytes(pane);
    return true;
  });
  if (bytes < partBytes) return;
  begin();
  writeHead(state, form);
  writePanes(panes, { from: 0, origin: state.origin }, form);
  writer.count(NO_PANE);
  const written = writer.taken();
  written[0] = FORMATS.part;
  placePanes({ panes, from: 0 }, written);
  addPart(state, panes, written);
};

const begin = (): void => {
  spans.length = 0;
  writer.begin();
};

const writeHead = ({ origin }: WindowState, { head }: WrittenForm): void => {
  writer.bytes(head);
  writer.number(origin);
};

/** The head, and the panes that stand behind it as they are. Gives how many these are. */
const writeStored = (state: WindowState, panes: readonly Pane[], form: WrittenForm): number => {
  const { storedTo, bytes } = state;
  let count = bytes === undefined ? 0 : panes.length;
  while (count > 0 && !((panes[count - 1]?.to ?? 0) < storedTo)) count -= 1;
  const last = panes[count - 1];
  if (last !== undefined && bytes !== undefined) {
    writer.part(bytes, 0, last.storedEnd);
    return count;
  }
  writeBeginning(state, form);
  return 0;
};

const writeBeginning = (state: WindowState, form: WrittenForm): void => {
  if (Number.isNaN(state.origin)) state.origin = form.times.originOf(state.panes);
  writeHead(state, form);
};

interface Stretch {
  readonly from: number;
  /** Of the state. */
  readonly origin: number;
}

const writePanes = (panes: readonly Pane[], { from, origin }: Stretch, form: WrittenForm): void => {
  for (let index = from; index < panes.length; ) index += writeSome(panes, { from: index, origin }, form);
};

/** Those from there on that stand one behind the other as they are, in one piece; else the one. Gives how many they were. */
const writeSome = (panes: readonly Pane[], { from, origin }: Stretch, form: WrittenForm): number => {
  const pane = panes[from];
  if (pane === undefined) return 1;
  const { bytes } = pane;
  if (bytes === undefined || !isStored(pane)) {
    writePane(pane, origin, form);
    return 1;
  }
  const start = pane.recordStart;
  const moved = writer.length - start;
  let end = start;
  let index = from;
  for (let one: Pane | undefined = pane; one?.recordStart === end && one.bytes === bytes && isStored(one); ) {
    spans.push(end + moved, one.storedStart + moved, one.storedEnd + moved);
    end = one.storedEnd;
    index += 1;
    one = panes[index];
  }
  writer.part(bytes, start, end);
  return index - from;
};

const isStored = ({ recordStart, storedStart }: Pane): boolean => recordStart > 0 && storedStart > 0;

const writePane = (pane: Pane, origin: number, form: WrittenForm): void => {
  const { from, to, fresh } = pane;
  const { unit, usualSpan } = form.times;
  const isUsual = to - from === usualSpan;
  spans.push(writer.length);
  writer.count((fresh ? PANE_BITS.fresh : 0) | (isUsual ? PANE_BITS.usual : 0));
  writer.number((to - origin) / unit);
  if (!isUsual) writer.number((from - origin) / unit);
  writeKept(pane, form);
};

/** What stands behind the panes. */
const writeEnd = (state: WindowState, { isParted }: { readonly isParted: boolean }, form: WrittenForm): void => {
  const { armed, early, mixedUntil, running, origin, parts, goneTo } = state;
  const isMixed = mixedUntil >= armed;
  const isGone = isParted && goneTo > Number.NEGATIVE_INFINITY;
  writer.count(NO_PANE);
  writer.count(
    (early ? STATE_BITS.early : 0) |
      (running ? STATE_BITS.running : 0) |
      (isMixed ? STATE_BITS.mixed : 0) |
      (isParted ? STATE_BITS.parts : 0) |
      (isGone ? STATE_BITS.gone : 0),
  );
  writer.number(armed - origin);
  if (isMixed) writer.number(mixedUntil - origin);
  if (isParted) {
    writer.count(parts[0]?.number ?? 0);
    writer.count(parts.length);
  }
  if (isGone) writer.number(goneTo - origin);
  if (running !== undefined) {
    writer.count(running.count);
    writeKept(running, form);
  }
};

const writeKept = ({ bytes, storedStart, storedEnd, value }: Kept, { encode, inPlace }: WrittenForm): void => {
  if (storedStart > 0 && bytes !== undefined) {
    writeBody(bytes, storedStart, storedEnd);
    return;
  }
  const length = inPlace?.write(value) ?? 0;
  if (inPlace !== undefined && length > 0) {
    writeBody(inPlace.bytes, 0, length);
    return;
  }
  const body = encode(value);
  writeBody(body, 0, body.byteLength);
};

const writeBody = (from: Uint8Array, start: number, end: number): void => {
  const length = end - start;
  writer.count(length);
  spans.push(writer.length, writer.length + length);
  writer.part(from, start, end);
};

interface Written {
  readonly panes: readonly Pane[];
  /** Those before it stand where they stood. */
  readonly from: number;
}

/** Only when all is written: what is there before is read by the places of before. */
const settle = (state: WindowState, { panes, from }: Written, written: Uint8Array): void => {
  state.bytes = written;
  state.storedTo = Number.POSITIVE_INFINITY;
  const end = placePanes({ panes, from }, written);
  const { running } = state;
  if (running !== undefined) place(running, end, written);
};

/** Gives where the spans of what was written behind them are. */
const placePanes = ({ panes, from }: Written, written: Uint8Array): number => {
  let at = 0;
  for (let index = 0; index < panes.length; index += 1) {
    const pane = panes[index];
    if (pane === undefined) continue;
    pane.bytes = written;
    if (index < from) continue;
    pane.recordStart = spans[at] ?? 0;
    place(pane, at + 1, written);
    at += 3;
  }
  return at;
};

const place = (kept: Kept, at: number, written: Uint8Array): void => {
  kept.bytes = written;
  kept.storedStart = spans[at] ?? 0;
  kept.storedEnd = spans[at + 1] ?? 0;
};
