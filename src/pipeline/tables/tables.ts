import { readFile } from 'node:fs/promises';
import type { Table, TableKey } from '../../connector/tables/table.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { count, func, milliseconds, someText } from '../../internal/options/option-checks.js';
import type { TableEntries } from './load-rows.js';
import { LoadedTable, type LoadedTableParts } from './loaded-table.js';

/** How a table is loaded. */
export interface LoadedTableOptions {
  /** Milliseconds from one load to the next. Default: loaded once for each run, and when told. */
  readonly reloadEveryMs?: number;
  /** Milliseconds that one load may take; its signal aborts then. Default 60,000. */
  readonly timeoutMs?: number;
  /** Rows that there may be: a load with more has failed. Default 1,000,000. */
  readonly maxRows?: number;
}

/** A table that can be told to load itself anew. */
export interface ReloadableTable<K extends TableKey, V> extends Table<K, V> {
  /**
   * Loads it anew wherever a job has it open. Rejects with what a load failed with; the rows are as they were there, and the load is tried
   * again.
   */
  reload(): Promise<void>;
}

const OPTIONS: OptionChecks<LoadedTableOptions> = {
  reloadEveryMs: milliseconds,
  timeoutMs: milliseconds,
  maxRows: count,
};

const define = <K extends TableKey, V>(parts: LoadedTableParts<K, V>): ReloadableTable<K, V> => {
  const open = new Set<LoadedTable<K, V>>();
  return Object.freeze<ReloadableTable<K, V>>({
    name: parts.name,
    open: async (context) => {
      const table = await new LoadedTable(parts, context).open();
      open.add(table);
      const close = (): Promise<void> => {
        open.delete(table);
        return table.close();
      };
      return { get: (key) => table.get(key), close };
    },
    reload: async () => {
      await Promise.all([...open].map((table) => table.reload()));
    },
  });
};

const resolve = (
  factory: string,
  named: { readonly name: unknown; readonly fn: unknown; readonly fnName: string },
  options: LoadedTableOptions,
): Required<LoadedTableOptions> => {
  const { problems } = checkOptions(factory, options, OPTIONS);
  const all = [...someText(named.name, 'the name'), ...func(named.fn, named.fnName), ...problems];
  if (options?.reloadEveryMs === 0) all.push('reloadEveryMs must be above 0');
  if (all.length > 0) throw invalidOptions(factory, all);
  const { reloadEveryMs = Number.POSITIVE_INFINITY, timeoutMs = 60_000, maxRows = 1_000_000 } = options;
  return { reloadEveryMs, timeoutMs, maxRows };
};

const loaded = <K extends TableKey, V>(
  name: string,
  load: (signal: AbortSignal) => TableEntries<K, V> | PromiseLike<TableEntries<K, V>>,
  options: LoadedTableOptions = {},
): ReloadableTable<K, V> => {
  const resolved = resolve('Tables.loaded', { name, fn: load, fnName: 'load' }, options);
  return define({ name, load, ...resolved });
};

const file = <K extends TableKey, V>(
  path: string,
  entryFn: (line: string) => readonly [K, V] | undefined,
  options: LoadedTableOptions = {},
): ReloadableTable<K, V> => {
  const resolved = resolve('Tables.file', { name: path, fn: entryFn, fnName: 'entryFn' }, options);
  return define({ name: path, load: (signal) => linesOf(path, entryFn, signal), ...resolved });
};

async function* linesOf<K extends TableKey, V>(
  path: string,
  entryFn: (line: string) => readonly [K, V] | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly [K, V]> {
  const text = await readFile(path, { encoding: 'utf8', signal });
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const entry = inLine(index + 1, () => entryFn(line));
    if (entry !== undefined) yield entry;
  }
}

/** The line is named, and not shown: it may have secrets. */
const inLine = <R>(number: number, fn: () => R): R => {
  try {
    return fn();
  } catch (cause) {
    throw new MillraceError('USER_FUNCTION_FAILED', `entryFn failed at line ${number}`, { cause });
  }
};

/**
 * Tables for `lookup`, kept in memory.
 * @namespace
 */
export const Tables = frozenFunctions('Tables', { loaded: 3, file: 3 })({
  /**
   * The rows that a function gives: a Map, an array of `[key, row]` pairs, what an async generator makes, or a promise of these. `load` is
   * called when a job starts, again every `reloadEveryMs`, and when told by `reload()`. The rows are replaced as a whole when a load has
   * ended. One that fails later on leaves the rows that there are, and is tried again after a second, doubled up to the interval (at most
   * a minute): `millrace:table-failed` tells it, and a warning. While the first one fails the job does not start, and calls it again as the
   * options of the stage say.
   *
   * ```ts
   * Tables.loaded('devices', async (signal) => {
   *   const response = await fetch('http://registry.local/devices', { signal });
   *   return Object.entries(await response.json());
   * }, { reloadEveryMs: 60_000 })
   * ```
   * @throws MillraceError INVALID_OPTIONS
   */
  loaded,

  /**
   * The rows in a text file, one a line: `entryFn` makes a `[key, row]` pair of a line, `undefined` for one that is none. Lines that are empty
   * are left out. A line that it throws at fails the load, which says its number.
   *
   * ```ts
   * Tables.file('sites.csv', (line) => {
   *   const [device, site] = line.split(',');
   *   return device && site ? [device, site] : undefined;
   * }, { reloadEveryMs: 10_000 })
   * ```
   * @throws MillraceError INVALID_OPTIONS
   */
  file,
});
