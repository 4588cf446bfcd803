import { bufferOf, visitChanges } from '../../log/record/batch-codec.js';
import type { StoreBatch, StoreChange } from '../../store.js';
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
  return slicesOf(await changesOf(bodies, what), ({ name }) => name);
}

/** The same of a batch. Where keys are no ASCII, some slices are not in the order of keys, but each has those between two. */
export const batchSlices = async (batch: StoreBatch): Promise<readonly StoreChange[][]> =>
  slicesOf([...batch], ([key]) => key);

async function changesOf(bodies: readonly Uint8Array[], what: string): Promise<readonly KeyedChange[]> {
  const changes = new Map<string, KeyedChange>();
  let turnEnds = TURN_CHANGES;
  let count = 0;
  for (const body of bodies) {
    count += addChanges(changes, bufferOf(body), what);
    if (count < turnEnds) continue;
    await othersTurn();
    turnEnds = count + TURN_CHANGES;
  }
  return [...changes.values()];
}

const othersTurn = (): Promise<void> => new Promise(setImmediate);

/** @returns how many there are */
function addChanges(changes: Map<string, KeyedChange>, body: Buffer, what: string): number {
  let count = 0;
  visitChanges(body, what, (keyAt, valueAt, end, isRemoved) => {
    const name = body.toString('latin1', keyAt, valueAt);
    changes.set(name, { body, keyAt, valueAt, end, isRemoved, name });
    count += 1;
  });
  return count;
}

/** Each is of another key. */
async function slicesOf<T>(changes: readonly T[], nameOf: (change: T) => string): Promise<readonly T[][]> {
  const starts = startsOf(changes, nameOf);
  const slices = Array.from({ length: starts.length + 1 }, (): T[] => []);
  for (let begin = 0; begin < changes.length; begin += TURN_CHANGES) {
    if (begin > 0) await othersTurn();
    for (const change of changes.slice(begin, begin + TURN_CHANGES)) {
      slices[sliceOf(nameOf(change), starts)]?.push(change);
    }
  }
  return slices;
}

/** The key with which each slice but the first one begins, by keys that are taken at equal distances. */
function startsOf<T>(changes: readonly T[], nameOf: (change: T) => string): readonly string[] {
  const count = Math.ceil(changes.length / SLICE_CHANGES);
  const distance = Math.max(1, Math.floor(changes.length / (count * SAMPLES)));
  const samples = changes.filter((_, index) => index % distance === 0).map(nameOf);
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
