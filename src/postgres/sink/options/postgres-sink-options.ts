import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';
import type { OnConflict } from '../../sql/table-insert.js';
import type { ColumnValues } from '../row-binder.js';

/** Of every sink to PostgreSQL. */
export interface PostgresSinkOptions {
  /** Default: as the environment says, by the variables of `pg`. */
  readonly connection?: PostgresConnection;
  /**
   * In errors, metrics and the table of positions: it must stay from run to run. Default `postgres`, and the name of the table where there
   * is one.
   */
  readonly name?: string;
  /** What happens to an item that is no row, or whose row the database refuses: a constraint, a type, a trigger. Default `fail`. */
  readonly onError?: OnError;
  /** When what may pass is tried again: a database that is away, a deadlock, a full disk. Default without end, from 100 ms up to 10 s. */
  readonly retryStrategy?: RetryStrategy;
  /** Rows in one transaction at most. Default 1,024. */
  readonly batchSize?: number;
  /** Milliseconds that connecting and each statement may take. Default 30,000. */
  readonly timeoutMs?: number;
  /** Schema of the table of positions. Default: as the search path has it. */
  readonly positionSchema?: string;
  /** Name of the table of positions, which an exactly-once job needs in the same database. Default `millrace_sinks`. */
  readonly positionTable?: string;
  /** Create the table of positions where there is none. Default false. */
  readonly createTable?: boolean;
  /** When the database has a position of this job and sink that another store has written. Default `fail`. */
  readonly onUnknownPosition?: 'fail' | 'takeOver';
  /** When the database has less than it has confirmed: it was restored from a backup, or the table is gone. Default `fail`. */
  readonly onPositionLoss?: 'fail' | 'accept';
}

/** Of a sink to a table. */
export interface PostgresTableOptions<in T> extends PostgresSinkOptions {
  /** Its name, without the schema. */
  readonly table: string;
  /** Default: as the search path has it. */
  readonly schema?: string;
  /** Which columns are written: names of properties of the item, or for each column a function of the item. */
  readonly columns: ColumnValues<T>;
  /** Default: a key that is there already is refused by the database, and goes where `onError` says. */
  readonly onConflict?: OnConflict;
}

/** Of a sink with a statement of one's own. */
export interface PostgresStatementOptions<in T> extends PostgresSinkOptions {
  /** Run once for each item, in the transaction of its batch. */
  readonly sql: string;
  /** Gives the values of `$1`, `$2`, … for an item. */
  readonly bindFn: (item: T) => readonly unknown[];
}
