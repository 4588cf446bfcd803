import { onErrorCheck, retryStrategyCheck } from '../../../connector/option-checks.js';
import { isObject } from '../../../internal/is-object.js';
import { type OptionChecks, options } from '../../../internal/options/check-options.js';
import { count, either, flag, func, listOf, must, oneOf, someText } from '../../../internal/options/option-checks.js';
import { connectionCheck, timeoutCheck } from '../../connection/connection-checks.js';
import { sqlText } from '../../connection/sql-text-check.js';
import type { OnConflict } from '../../sql/table-insert.js';
import type { PostgresSinkOptions, PostgresStatementOptions, PostgresTableOptions } from './postgres-sink-options.js';

const SINK: OptionChecks<PostgresSinkOptions> = {
  connection: connectionCheck,
  name: sqlText,
  onError: onErrorCheck,
  retryStrategy: retryStrategyCheck,
  batchSize: count,
  timeoutMs: timeoutCheck,
  positionSchema: sqlText,
  positionTable: sqlText,
  createTable: flag,
  onUnknownPosition: oneOf('fail', 'takeOver'),
  onPositionLoss: oneOf('fail', 'accept'),
};

const isRecordOfFunctions = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((one) => typeof one === 'function');

const ON_CONFLICT: OptionChecks<OnConflict> = { columns: listOf(sqlText), action: oneOf('nothing', 'update') };

/** Of `PostgresSinks.table`. */
export const TABLE_SINK: OptionChecks<PostgresTableOptions<never>> = {
  ...SINK,
  table: sqlText,
  schema: sqlText,
  columns: either('names, or an object of functions', listOf(someText), must('', isRecordOfFunctions)),
  onConflict: options(ON_CONFLICT),
};

/** Of `PostgresSinks.statement`. */
export const STATEMENT_SINK: OptionChecks<PostgresStatementOptions<never>> = { ...SINK, sql: sqlText, bindFn: func };
