import { onErrorCheck, retryStrategyCheck } from '../../../connector/option-checks.js';
import { LASTING_RETRY } from '../../../connector/retry/lasting-retry.js';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import { checkOptions, type OptionChecks } from '../../../internal/options/check-options.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { count, func, oneOf } from '../../../internal/options/option-checks.js';
import { connectionCheck, timeoutCheck } from '../../connection/connection-checks.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';
import { sqlText } from '../../connection/sql-text-check.js';
import type { TableName } from '../../sql/quote.js';
import type {
  PostgresChangesOptions,
  PostgresQueueOptions,
  PostgresRow,
  PostgresSourceOptions,
} from './postgres-source-options.js';

const SOURCE: OptionChecks<PostgresSourceOptions<never>> = {
  connection: connectionCheck,
  name: sqlText,
  table: sqlText,
  schema: sqlText,
  mapToItemFn: func,
  onError: onErrorCheck,
  channel: sqlText,
  pollIntervalMs: timeoutCheck,
  retryStrategy: retryStrategyCheck,
  timeoutMs: timeoutCheck,
  batchSize: count,
};

/** Of `PostgresSources.queue`. */
export const QUEUE: OptionChecks<PostgresQueueOptions<never>> = {
  ...SOURCE,
  id: sqlText,
  owner: sqlText,
  done: sqlText,
  maxClaimed: count,
  onUnknownClaims: oneOf('fail', 'takeOver'),
};

/** Of `PostgresSources.changes`. */
export const CHANGES: OptionChecks<PostgresChangesOptions<never>> = {
  ...SOURCE,
  column: sqlText,
  startAt: oneOf('beginning', 'end'),
};

/** What all sources have, with every default. */
export interface ResolvedSource<T> {
  /** In errors and metrics, and in what the database and the store have of it. */
  readonly name: string;
  /** Default: as the environment says. */
  readonly connection: PostgresConnection;
  /** Without a schema the search path decides. */
  readonly table: TableName;
  /** Default: the row itself. */
  readonly mapToItem: (row: PostgresRow) => T;
  /** Of a row that `mapToItem` throws for. Default `fail`. */
  readonly onError: OnError;
  /** Of NOTIFY; undefined: rows are looked for. */
  readonly channel: string | undefined;
  /** Milliseconds between two looks. Default 1,000. */
  readonly pollIntervalMs: number;
  /** Of what may pass. Default {@link LASTING_RETRY}. */
  readonly retry: RetryStrategy;
  /** Of connecting and of each statement, in milliseconds. Default 30,000. */
  readonly timeoutMs: number;
  /** Rows that are read at once. Default 256. */
  readonly batchSize: number;
}

/** The options that are right, where all are. @throws MillraceError INVALID_OPTIONS with all that is wrong */
export const checkSource = <O extends PostgresSourceOptions<unknown>>(given: O, checks: OptionChecks<O>): O => {
  const { options, problems } = checkOptions<O>('the source', given, checks);
  const all = [...problems, ...(given?.table === undefined ? ['table is missing'] : [])];
  if (all.length > 0) throw invalidOptions('a source from PostgreSQL', all);
  return options;
};

/** With every default. */
export const resolveSource = <T>(options: PostgresSourceOptions<T>): ResolvedSource<T> => {
  const { connection = {}, table, schema, name = `postgres ${table}`, onError = 'fail', channel } = options;
  const { pollIntervalMs = 1000, retryStrategy = LASTING_RETRY, timeoutMs = 30_000, batchSize = 256 } = options;
  return {
    name,
    connection,
    table: { schema, table },
    // where nothing makes items of rows, T is a row
    mapToItem: options.mapToItemFn ?? ((row) => row as T),
    onError,
    channel,
    pollIntervalMs,
    retry: retryStrategy,
    timeoutMs,
    batchSize,
  };
};
