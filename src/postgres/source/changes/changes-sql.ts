import { quoteName, quoteTable, type TableName } from '../../sql/quote.js';
import { KEY } from '../reading/read-rows.js';

/** All statements of a source of changes. `type` is that of the column. */
export const changesSql = (table: TableName, column: string, type: string) => {
  const [name, key] = [quoteTable(table), quoteName(column)];
  return {
    /** `$1` behind which value, or NULL. */
    newest:
      `SELECT c.${key}::text AS ${KEY} FROM ${name} AS c WHERE c.${key} IS NOT NULL AND ` +
      `($1::${type} IS NULL OR c.${key} > $1::${type}) ORDER BY c.${key} DESC LIMIT 1`,
    /** `$1` behind which value, or NULL; `$2` up to which; `$3` how many. */
    rows:
      `SELECT c.*, c.${key}::text AS ${KEY} FROM ${name} AS c WHERE ($1::${type} IS NULL OR c.${key} > $1::${type}) ` +
      `AND c.${key} <= $2::${type} ORDER BY c.${key} LIMIT $3`,
  };
};

/**
 * `$1` a table as SQL has it: the transactions that have written to it, or are about to: a lock that an INSERT takes before it asks for
 * the defaults of its columns, and keeps to its end. Through the partitioned tables above it, and into the partitions below, too.
 */
export const WRITERS =
  'SELECT DISTINCT virtualtransaction AS writer, pid FROM pg_locks WHERE locktype = $2 AND mode = $3 AND granted AND ' +
  'database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation IN (SELECT to_regclass($1)::oid ' +
  'UNION SELECT relid::oid FROM pg_partition_tree(to_regclass($1)) UNION SELECT relid::oid FROM pg_partition_ancestors(to_regclass($1)))';

/** `$1` a type: a row where it is one of numbers, or a domain over one. */
export const NUMBERS = "SELECT FROM pg_type WHERE oid = $1::regtype AND typcategory = 'N'";

/**
 * `$1` a table as SQL has it, `$2` a column: the sequence behind its values, how many of them a session takes ahead, whether each is above
 * those before, and the last one.
 */
export const SEQUENCE =
  'SELECT s.seqcache::text AS cache, s.seqincrement > 0 AND NOT s.seqcycle AS ascends, CASE WHEN has_sequence_privilege(s.seqrelid, $3) THEN ' +
  'pg_sequence_last_value(s.seqrelid)::text END AS last FROM pg_sequence AS s ' +
  'WHERE s.seqrelid = pg_get_serial_sequence($1, $2)::regclass';
