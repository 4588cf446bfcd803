import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';

/** A row as `pg` gives it, by column. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Of every source from PostgreSQL. */
export interface PostgresSourceOptions<T> {
  /** Default: as the environment says, by the variables of `pg`. */
  readonly connection?: PostgresConnection;
  /**
   * In errors and metrics, and in what the database and the store have of it: it must stay from run to run. Default `postgres`, and the
   * name of the table.
   */
  readonly name?: string;
  /** The table that is read. */
  readonly table: string;
  /** Default: as the search path has it. */
  readonly schema?: string;
  /** Makes an item of a row; it must not be async. Default: the row itself. */
  readonly mapToItemFn?: (row: PostgresRow) => T;
  /** What happens to a row that `mapToItemFn` throws for. Default `fail`. */
  readonly onError?: OnError;
  /** A channel on which a NOTIFY says that there are new rows. Default: none, rows are looked for each `pollIntervalMs`. */
  readonly channel?: string;
  /** Milliseconds after which new rows are looked for at the latest. Default 1,000. */
  readonly pollIntervalMs?: number;
  /** When what may pass is tried again. Default without end, from 100 ms up to 10 s. */
  readonly retryStrategy?: RetryStrategy;
  /** Milliseconds that connecting and each statement may take. Default 30,000. */
  readonly timeoutMs?: number;
  /** Rows that are read at once, at most. Default 256. */
  readonly batchSize?: number;
}

/** Of a table that is a queue. */
export interface PostgresQueueOptions<T> extends PostgresSourceOptions<T> {
  /** The column that tells rows, in whose order they are claimed. Default `id`. */
  readonly id?: string;
  /** A column of type `text` that is NULL as long as nobody has the row. Default `claimed_by`. */
  readonly owner?: string;
  /** A column of type `timestamptz` that is set when the row is done with, NULL until then. Default: none, the row is deleted. */
  readonly done?: string;
  /** Rows that may be claimed and not done. Default 1,024. */
  readonly maxClaimed?: number;
  /** When rows are claimed by this job and source with another store, at the first start with this one. Default `fail`. */
  readonly onUnknownClaims?: 'fail' | 'takeOver';
}

/** Of a table to which rows are added. */
export interface PostgresChangesOptions<T> extends PostgresSourceOptions<T> {
  /** The column whose values ascend as rows are added: an identity or a serial. Each value comes once. Default `id`. */
  readonly column?: string;
  /** Where the first start begins: with all rows that there are, or with those that come. Default `beginning`. */
  readonly startAt?: 'beginning' | 'end';
}
