import { quoteName, quoteTable, type TableName } from '../../sql/quote.js';
import { KEY } from '../reading/read-rows.js';

/** The table of a queue, and its columns. */
export interface QueueTable {
  /** Rows are claimed, and done with, in it. */
  readonly table: TableName;
  /** The column that tells rows. Its type is asked of the database. */
  readonly id: string;
  /** The column that has who claimed a row; NULL: nobody. */
  readonly owner: string;
  /** The column for when a row was done with; undefined: the row is deleted. */
  readonly done: string | undefined;
}

/** `$1` a table as SQL has it, `$2` the column of its id: whether each row has one of its own; no row where it is no plain table. */
export const ID =
  'SELECT a.attnotnull AND EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND ' +
  'i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS tells FROM pg_class AS c JOIN pg_attribute AS a ' +
  "ON a.attrelid = c.oid WHERE c.oid = to_regclass($1) AND c.relkind = 'r' AND a.attname = $2";

/** All statements of a queue. `type` is that of its id. */
export const queueSql = ({ table, id, owner, done }: QueueTable, type: string) => {
  const [name, key, by] = [quoteTable(table), quoteName(id), quoteName(owner)];
  const isOpen = done === undefined ? 'TRUE' : `q.${quoteName(done)} IS NULL`;
  const row = `q.*, q.${key}::text AS ${KEY}`;
  return {
    /** `$1` owner, `$2` how many: those that nobody has, and that nobody is claiming right now. */
    claim:
      `WITH free AS (SELECT q.${key} AS id FROM ${name} AS q WHERE q.${by} IS NULL AND ${isOpen} ORDER BY q.${key} ` +
      `LIMIT $2 FOR UPDATE SKIP LOCKED), claimed AS (UPDATE ${name} AS q SET ${by} = $1 FROM free WHERE q.${key} = free.id ` +
      `RETURNING ${row}) SELECT * FROM claimed ORDER BY ${key}`,
    /** `$1` owner, `$2` those that are known: of an earlier process, or of a claim whose answer was cut. */
    claimed:
      `SELECT ${row} FROM ${name} AS q WHERE q.${by} = $1 AND ${isOpen} AND NOT q.${key} = ANY($2::${type}[]) ` +
      `ORDER BY q.${key}`,
    /** `$1` owner, `$2` ids. */
    finish:
      done === undefined
        ? `DELETE FROM ${name} WHERE ${by} = $1 AND ${key} = ANY($2::${type}[])`
        : `UPDATE ${name} SET ${quoteName(done)} = now() WHERE ${by} = $1 AND ${key} = ANY($2::${type}[])`,
    /** `$1` owner, `$2` the prefix that it has in common with others of this job and source. */
    others: `SELECT count(*)::text AS count FROM ${name} AS q WHERE ${isOpen} AND q.${by} <> $1 AND left(q.${by}, length($2)) = $2`,
    /** The same. */
    takeOver: `UPDATE ${name} AS q SET ${by} = $1 WHERE ${isOpen} AND q.${by} <> $1 AND left(q.${by}, length($2)) = $2`,
  };
};
