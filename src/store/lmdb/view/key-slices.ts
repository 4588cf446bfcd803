import { bufferOf, visitChanges } from '../../log/record/batch-codec.js';
import type { BodyChange } from '../records/lmdb-records.js';

/** Changes of a slice, about. */
const SLICE_CHANGES = 4_000;
/** Keys that are looked at for each slice, to find where it begins. */
const SAMPLES = 8;
/** Between two turns of others. */
const TURN_CHANGES = 10_000;

interface KeyedChange extends BodyChange {
  /** The bytes of the key as Latin-1: such strings have the order of the bytes. */
  readonly name: string;
}

/**
 * The changes of bodies in slices, each with the keys between two, in the order of keys: written one behind the other, each page of a file is
 * changed by one of them, or two, and not by most. A slice has the last change of each of its keys.
 * @returns one at least
 * @throws MillraceError STORE_CORRUPT
 */
export async function keySlices(bodies: readonly Uint8Array[], what: string): Promise<readonly BodyChange[][]> {
  const changes = await changesOf(bodies, what);
  const starts = startsOf(changes);
  const slices = Array.from({ length: starts.length + 1 }, () => new Map<string, BodyChange>());
  for (let begin = 0; begin < changes.length; begin += TURN_CHANGES) {
    for (const change of changes.slice(begin, begin + TURN_CHANGES))
      slices[sliceOf(change.name, starts)]?.set(change.name, change);
    await othersTurn();
  }
  return slices.map((slice) => [...slice.values()]);
}

async function changesOf(bodies: readonly Uint8Array[], what: string): Promise<readonly KeyedChange[]> {
  const changes: KeyedChange[] = [];
  let turnEnds = TURN_CHANGES;
  for (const body of bodies) {
    addChanges(changes, bufferOf(body), what);
    if (changes.length < turnEnds) continue;
    await othersTurn();
    turnEnds = changes.length + TURN_CHANGES;
  }
  return changes;
}

const othersTurn = (): Promise<void> => new Promise(setImmediate);

function addChanges(changes: KeyedChange[], body: Buffer, what: string): void {
  visitChanges(body, what, (keyAt, valueAt, end, isRemoved) => {
    changes.push({ body, keyAt, valueAt, end, isRemoved, name: body.toString('latin1', keyAt, valueAt) });
  });
}

/** The key with which each slice but the first one begins, by keys that are taken at equal distances. */
function startsOf(changes: readonly KeyedChange[]): readonly string[] {
  const count = Math.ceil(changes.length / SLICE_CHANGES);
  const distance = Math.max(1, Math.floor(changes.length / (count * SAMPLES)));
  const samples = changes.filter((_, index) => index % distance === 0).map(({ name }) => name);
  samples.sort();
  return samples.filter((_, index) => index > 0 && index % SAMPLES === 0).slice(0, Math.max(0, count - 1));
}

/** How many slices begin at the key or below it. */
function sliceOf(name: string, starts: readonly string[]): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
