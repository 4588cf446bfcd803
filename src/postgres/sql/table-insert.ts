import { quoteName, quoteTable, type TableName } from './quote.js';

/** What is done with a row whose key is there already. */
export interface OnConflict {
  /** Of the unique index or constraint that tells. */
  readonly columns: readonly string[];
  /** `nothing`: the row that is there stays. `update`: its other columns become those of the new row. */
  readonly action: 'nothing' | 'update';
}

/** What an INSERT is built of. */
export interface InsertParts {
  /** Its row type is what the JSON is read as. */
  readonly table: TableName;
  /** Not empty. A column that is not among them has its default. */
  readonly columns: readonly string[];
  /** Undefined: a row whose key is there is refused. */
  readonly onConflict: OnConflict | undefined;
}

/**
 * An INSERT of any number of rows, which an expression has as a JSON array of objects: the server reads each value as the type of its
 * column, with the length and precision that the column has. It inserts nothing where the condition `when` does not hold.
 */
export const insertSql = ({ table, columns, onConflict }: InsertParts, json: string, when: string): string => {
  const into = quoteTable(table);
  const names = columns.map(quoteName).join(', ');
  const values = columns.map((column) => `r.${quoteName(column)}`).join(', ');
  const rows = `json_populate_recordset(NULL::${into}, ${json})`;
  const insert = `INSERT INTO ${into} (${names})`;
  if (onConflict === undefined) return `${insert} SELECT ${values} FROM ${rows} AS r WHERE ${when}`;
  const keys = onConflict.columns.map(quoteName).join(', ');
  if (onConflict.action === 'nothing') {
    return `${insert} SELECT ${values} FROM ${rows} AS r WHERE ${when} ON CONFLICT (${keys}) DO NOTHING`;
  }
  const others = columns.filter((column) => !onConflict.columns.includes(column));
  const changes = others.map((column) => `${quoteName(column)} = EXCLUDED.${quoteName(column)}`).join(', ');
  return (
    `${insert} SELECT ${values} FROM (${lastOfEachKey(rows, onConflict.columns)}) AS r WHERE ${when} ` +
    `ON CONFLICT (${keys}) DO UPDATE SET ${changes}`
  );
};

/**
 * PostgreSQL refuses to change a row twice in one statement: the last one of a key is what one after the other would leave. NULL is no key.
 */
const lastOfEachKey = (rows: string, keys: readonly string[]): string => {
  const columns = keys.map((key) => `b.${quoteName(key)}`);
  const own = `CASE WHEN ${columns.map((column) => `${column} IS NULL`).join(' OR ')} THEN b.ordinality END`;
  const distinct = [...columns, own].join(', ');
  return `SELECT DISTINCT ON (${distinct}) b.* FROM ${rows} WITH ORDINALITY AS b ORDER BY ${distinct}, b.ordinality DESC`;
};
