import { onErrorCheck, retryStrategyCheck } from '../../../connector/option-checks.js';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import { checkOptions, type OptionChecks } from '../../../internal/options/check-options.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { count, func, oneOf, someText } from '../../../internal/options/option-checks.js';
import { connectionCheck, timeoutCheck } from '../../connection/connection-checks.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';
import { DEFAULT_RETRY } from '../../default-retry.js';
import type { TableName } from '../../sql/quote.js';
import type {
  PostgresChangesOptions,
  PostgresQueueOptions,
  PostgresRow,
  PostgresSourceOptions,
} from './postgres-source-options.js';

const SOURCE: OptionChecks<PostgresSourceOptions<never>> = {
  connection: connectionCheck,
  name: someText,
  table: someText,
  schema: someText,
  mapToItemFn: func,
  onError: onErrorCheck,
  channel: someText,
  pollIntervalMs: timeoutCheck,
  retryStrategy: retryStrategyCheck,
  timeoutMs: timeoutCheck,
  batchSize: count,
};

/** Of `PostgresSources.queue`. */
export const QUEUE: OptionChecks<PostgresQueueOptions<never>> = {
  ...SOURCE,
  id: someText,
  owner: someText,
  done: someText,
  maxClaimed: count,
  onUnknownClaims: oneOf('fail', 'takeOver'),
};

/** Of `PostgresSources.changes`. */
export const CHANGES: OptionChecks<PostgresChangesOptions<never>> = {
  ...SOURCE,
  column: someText,
  startAt: oneOf('beginning', 'end'),
};

/** What all sources have, with every default. */
export interface ResolvedSource<T> {
  readonly name: string;
  readonly connection: PostgresConnection;
  readonly table: TableName;
  readonly mapToItem: (row: PostgresRow) => T;
  readonly onError: OnError;
  readonly channel: string | undefined;
  readonly pollIntervalMs: number;
  readonly retry: RetryStrategy;
  readonly timeoutMs: number;
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
  const { pollIntervalMs = 1000, retryStrategy = DEFAULT_RETRY, timeoutMs = 30_000, batchSize = 256 } = options;
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
