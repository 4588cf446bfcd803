import { compareKeys } from '../compare-keys.js';
import type { StoreRecord, StoreView } from '../store.js';
import type { PendingChanges } from './pending-changes.js';

/** So many records are read at once at first, and up to that many later: the first few of a million cost little. */
const FIRST_SLICE = 16;
const LARGEST_SLICE = 512;
const SLICE_BYTES = 1024 * 1024;

interface Slice {
  readonly records: readonly StoreRecord[];
  /** Up to where all was looked at; undefined: to the end of the range. */
  readonly end: string | undefined;
}

/**
 * The records of a range, pending changes over the view. Each slice is read in one go: between two of them changes move from the one to
 * the other, and a reader of both at different moments would miss them in either.
 */
export function* readMerged(
  view: StoreView,
  pending: PendingChanges,
  [from, to]: readonly [from: string, to: string],
): Generator<StoreRecord, void> {
  let start = { key: from, after: false };
  let limit = FIRST_SLICE;
  while (true) {
    const { records, end } = readSlice(view, pending, { ...start, to, limit });
    yield* records;
    if (end === undefined) return;
    start = { key: end, after: true };
    limit = Math.min(limit * 2, LARGEST_SLICE);
  }
}

interface Wanted {
  readonly key: string;
  readonly after: boolean;
  readonly to: string;
  readonly limit: number;
}

function readSlice(view: StoreView, pending: PendingChanges, { key, after, to, limit }: Wanted): Slice {
  const stored = view.range(key, to)[Symbol.iterator]();
  const records: StoreRecord[] = [];
  let bytes = 0;
  let looked = 0;
  let below = nextStored(stored);
  if (after && below?.key === key) below = nextStored(stored);
  let changed = nextChanged(pending, key, { after, to });
  while (below !== undefined || changed !== undefined) {
    const isChange = below === undefined || (changed !== undefined && compareKeys(changed, below.key) <= 0);
    const at = isChange ? (changed ?? key) : (below?.key ?? key);
    const value = isChange ? copyOf(pending.get(at)?.value) : below?.value;
    if (below?.key === at) below = nextStored(stored);
    if (changed === at) changed = nextChanged(pending, at, { after: true, to });
    looked += 1;
    if (value !== undefined) {
      records.push({ key: at, value });
      bytes += value.byteLength;
    }
    if (looked >= limit || bytes >= SLICE_BYTES) return leave(stored, { records, end: at });
  }
  return { records, end: undefined };
}

/** A view may hold something for as long as it is being read. */
function leave(stored: Iterator<StoreRecord>, slice: Slice): Slice {
  stored.return?.();
  return slice;
}

function nextStored(stored: Iterator<StoreRecord>): StoreRecord | undefined {
  const { done, value } = stored.next();
  return done === true ? undefined : value;
}

function nextChanged(
  pending: PendingChanges,
  key: string,
  { after, to }: Pick<Wanted, 'after' | 'to'>,
): string | undefined {
  return pending.next(key, to, after);
}

/** What is pending goes into the view later; a reader may change what it got. */
const copyOf = (value: Uint8Array | undefined): Uint8Array | undefined => value && new Uint8Array(value);
