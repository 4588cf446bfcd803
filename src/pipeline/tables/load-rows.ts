import { isTableKey, type TableKey } from '../../connector/tables/table.js';
import { MillraceError } from '../../errors/millrace-error.js';

/** What a `load` function gives: a Map is one, an array of pairs, or what an async generator makes. */
export type TableEntries<K extends TableKey, V> = Iterable<readonly [K, V]> | AsyncIterable<readonly [K, V]>;

/** Bounds of one load. */
export interface LoadBounds {
  /** Of the table, for errors. */
  readonly name: string;
  /** A table with more is none: a part of it would answer wrong. */
  readonly maxRows: number;
  /** Nobody wants it any more. */
  readonly signal: AbortSignal;
}

/** All of them; the last one of a key counts. @throws MillraceError USER_FUNCTION_FAILED for what are no entries, or too many */
export const loadRows = async <K extends TableKey, V>(
  given: TableEntries<K, V>,
  bounds: LoadBounds,
): Promise<Map<K, V>> => {
  const rows = new Map<K, V>();
  if (isIterable(given)) for (const entry of given) addRow(rows, entry, bounds);
  else if (isAsyncIterable(given)) {
    for await (const entry of given) {
      if (bounds.signal.aborted) break;
      addRow(rows, entry, bounds);
    }
  } else throw noEntries(bounds.name, 'load gave what has no entries');
  return rows;
};

const addRow = <K extends TableKey, V>(
  rows: Map<K, V>,
  entry: readonly [K, V],
  { name, maxRows }: LoadBounds,
): void => {
  if (!Array.isArray(entry) || entry.length !== 2 || !isTableKey(entry[0])) {
    throw noEntries(name, 'an entry is not a pair of a key and a row');
  }
  rows.set(entry[0], entry[1]);
  if (rows.size > maxRows) {
    throw new MillraceError('USER_FUNCTION_FAILED', `table "${name}": there are more than ${maxRows} rows`, {
      advice: 'Load fewer, or raise maxRows: all of them are in memory.',
    });
  }
};

const isIterable = (given: object): given is Iterable<never> =>
  typeof given === 'object' && given !== null && Symbol.iterator in given;

const isAsyncIterable = (given: object): given is AsyncIterable<never> =>
  typeof given === 'object' && given !== null && Symbol.asyncIterator in given;

const noEntries = (name: string, what: string): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `table "${name}": ${what}`, {
    advice:
      'load gives a Map, or [key, row] pairs in an array or by an async generator; a key is a string, a number, a bigint or a boolean.',
  });
