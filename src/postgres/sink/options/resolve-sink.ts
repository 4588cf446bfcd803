import { LASTING_RETRY } from '../../../connector/retry/lasting-retry.js';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';
import type { TableName } from '../../sql/quote.js';
import type { PositionPolicy } from '../position/judge-position.js';
import type { BindRow } from '../row-binder.js';
import type { RowLimits } from '../writing/row-queue.js';
import type { RowsStatement } from '../writing/rows-statement.js';
import type { PostgresSinkOptions } from './postgres-sink-options.js';

/** What differs between the kinds of sinks. */
export interface SinkKind<T> {
  /** Where the options have no name. */
  readonly defaultName: string;
  /** What the statement is given of an item. */
  readonly bind: BindRow<T>;
  /** How rows get in, made for each writer. */
  readonly statement: () => RowsStatement;
  /** What is wrong with the options. */
  readonly problems: readonly string[];
}

/** A sink whose options are all there, and right. */
export interface ResolvedSink<T> {
  /** In errors and metrics, and the key of its position. */
  readonly name: string;
  /** Default: as the environment says. */
  readonly connection: PostgresConnection;
  /** Of an item that is no row, and of a row that is refused. Default `fail`. */
  readonly onError: OnError;
  /** Of what may pass. Default {@link LASTING_RETRY}. */
  readonly retry: RetryStrategy;
  /** Of connecting and of each statement, in milliseconds. Default 30,000. */
  readonly timeoutMs: number;
  /** Rows of a batch: by default 1,024. */
  readonly limits: RowLimits;
  /** Where the position is kept, and what is done where it does not fit. Used exactly once only. */
  readonly positions: { readonly table: TableName; readonly createTable: boolean; readonly policy: PositionPolicy };
  /** What the statement is given of an item. */
  readonly bind: BindRow<T>;
  /** How rows get in, made for each writer. */
  readonly statement: () => RowsStatement;
}

/** Bytes of rows in one transaction: the server parses them as one value. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** The one under way, and some that are ready behind it: the engine has other things to do in between. */
const BATCHES = 4;

/** @throws MillraceError INVALID_OPTIONS with all that is wrong */
export const resolveSink = <T>(options: PostgresSinkOptions, kind: SinkKind<T>): ResolvedSink<T> => {
  const {
    connection = {},
    name = kind.defaultName,
    onError = 'fail',
    retryStrategy = LASTING_RETRY,
    batchSize = 1024,
    timeoutMs = 30_000,
    positionSchema,
    positionTable = 'millrace_sinks',
    createTable = false,
    onUnknownPosition = 'fail',
    onPositionLoss = 'fail',
  } = options;
  if (kind.problems.length > 0) throw invalidOptions(`sink "${name}"`, kind.problems);
  return {
    name,
    connection,
    onError,
    retry: retryStrategy,
    timeoutMs,
    limits: { batchSize, batchBytes: BATCH_BYTES, batches: BATCHES },
    positions: {
      table: { schema: positionSchema, table: positionTable },
      createTable,
      policy: { onUnknownPosition, onPositionLoss },
    },
    bind: kind.bind,
    statement: kind.statement,
  };
};
