import { quoteName, quoteTable, type TableName } from './quote.js';

/** What is done with a row whose key is there already. */
export interface OnConflict {
  /** Of the unique index or constraint that tells. */
  readonly columns: readonly string[];
  /** `nothing`: the row that is there stays. `update`: its other columns become those of the new row. */
  readonly action: 'nothing' | 'update';
}

/** A column of a table. */
export interface Column {
  /** As it is in the database, unquoted. */
  readonly name: string;
  /** As SQL has it, with length and precision. */
  readonly type: string;
}

/** What an INSERT is built of. */
export interface InsertParts {
  /** Where the rows go. */
  readonly table: TableName;
  /** Not empty. A column that is not among them has its default. */
  readonly columns: readonly Column[];
  /** Undefined: a row whose key is there is refused. */
  readonly onConflict: OnConflict | undefined;
}

/** What a statement begins with, and the condition without which it does nothing. */
export interface SqlGuard {
  /** `WITH …`. */
  readonly with: string;
  /** True, or it ends the statement with an error. */
  readonly when: string;
  /** How many values it has: those of the statement stand behind them. */
  readonly count: number;
}

/**
 * An INSERT of any number of rows, which an expression has as a JSON array of objects: the server reads each value as the type of its
 * column, with the length and precision that the column has, and no column but these.
 */
export const insertSql = ({ table, columns, onConflict }: InsertParts, json: string, guard?: SqlGuard): string => {
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => `r.${quoteName(name)}`).join(', ');
  const begin = guard === undefined ? '' : `${guard.with} `;
  const where = guard === undefined ? '' : ` WHERE ${guard.when}`;
  const insert = `${begin}INSERT INTO ${quoteTable(table)} (${names.map(quoteName).join(', ')}) SELECT ${values} FROM`;
  const rows = rowsSql(columns, json);
  if (onConflict === undefined) return `${insert} ${rows} AS r${where}`;
  const keys = onConflict.columns.map(quoteName).join(', ');
  if (onConflict.action === 'nothing') return `${insert} ${rows} AS r${where} ON CONFLICT (${keys}) DO NOTHING`;
  const changes = names
    .filter((name) => !onConflict.columns.includes(name))
    .map((name) => `${quoteName(name)} = EXCLUDED.${quoteName(name)}`)
    .join(', ');
  const last = lastOfEachKey(rows, names, onConflict.columns);
  return `${insert} (${last}) AS r${where} ON CONFLICT (${keys}) DO UPDATE SET ${changes}`;
};

const rowsSql = (columns: readonly Column[], json: string): string => {
  const definitions = columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(', ');
  return `ROWS FROM (json_to_recordset(${json}) AS (${definitions}))`;
};

/**
 * PostgreSQL refuses to change a row twice in one statement: the last one of a key is what one after the other would leave. NULL is no key.
 */
const lastOfEachKey = (rows: string, names: readonly string[], keys: readonly string[]): string => {
  const place = `b.${quoteName(nameBeside(names))}`;
  const columns = keys.map((key) => `b.${quoteName(key)}`);
  const own = `CASE WHEN ${columns.map((column) => `${column} IS NULL`).join(' OR ')} THEN ${place} END`;
  const distinct = [...columns, own].join(', ');
  const all = [...names, nameBeside(names)].map(quoteName).join(', ');
  return `SELECT DISTINCT ON (${distinct}) b.* FROM ${rows} WITH ORDINALITY AS b (${all}) ORDER BY ${distinct}, ${place} DESC`;
};

/** A name that no column has. */
const nameBeside = (names: readonly string[]): string => {
  let name = 'place';
  while (names.includes(name)) name += '_';
  return name;
};
