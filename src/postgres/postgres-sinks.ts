import { defineSink } from '../connector/define-sink.js';
import { withOutbox } from '../connector/outbox/with-outbox.js';
import type { Sink } from '../connector/sink.js';
import { checkOptions } from '../internal/options/check-options.js';
import { frozenFunctions } from '../internal/options/frozen-functions.js';
import { sqlText } from './connection/sql-text-check.js';
import { openDirectly, openExactly } from './sink/open-sink.js';
import type { PostgresStatementOptions, PostgresTableOptions } from './sink/options/postgres-sink-options.js';
import { type ResolvedSink, resolveSink } from './sink/options/resolve-sink.js';
import { STATEMENT_SINK, TABLE_SINK } from './sink/options/sink-checks.js';
import { bindColumns, bindValues, columnNames } from './sink/row-binder.js';
import { batchStatement, rowStatement } from './sink/writing/rows-statement.js';

const table = <T>(given: PostgresTableOptions<T>): Sink<T> => {
  const { options, problems } = checkOptions<PostgresTableOptions<T>>('the sink', given, TABLE_SINK);
  // what is missing is told below; until then it is nothing
  const { schema, table: name = '', columns = [], onConflict } = options;
  const names = columnNames(columns);
  return sinkOf(
    resolveSink<T>(options, {
      defaultName: `postgres ${name}`,
      bind: bindColumns(columns),
      statement: batchStatement({ table: { schema, table: name }, columns: names, onConflict }),
      problems: [
        ...problems,
        ...tableProblems(given, names, onConflict),
        ...(options.columns !== undefined && names.length === 0 ? ['columns is empty'] : []),
      ],
    }),
  );
};

const statement = <T>(given: PostgresStatementOptions<T>): Sink<T> => {
  const { options, problems } = checkOptions<PostgresStatementOptions<T>>('the sink', given, STATEMENT_SINK);
  const { sql, bindFn } = options;
  return sinkOf(
    resolveSink<T>(options, {
      defaultName: 'postgres',
      bind: bindValues(bindFn),
      statement: rowStatement(sql),
      problems: [
        ...problems,
        ...(given?.sql === undefined ? ['sql is missing'] : []),
        ...(given?.bindFn === undefined ? ['bindFn is missing'] : []),
      ],
    }),
  );
};

/** PostgreSQL cuts longer ones off, and would then find no value by the name that is left. */
const LONGEST_NAME = 63;

const tableProblems = <T>(
  given: PostgresTableOptions<T>,
  columns: readonly string[],
  onConflict: PostgresTableOptions<T>['onConflict'],
): readonly string[] => {
  const keys = onConflict?.columns ?? [];
  const isUpdate = onConflict?.action === 'update';
  return [
    ...(given?.table === undefined ? ['table is missing'] : []),
    ...(given?.columns === undefined ? ['columns is missing'] : []),
    ...columns
      .filter((column) => Buffer.byteLength(column) > LONGEST_NAME)
      .map((column) => `columns has "${column}", which is longer than the ${LONGEST_NAME} bytes of a name`),
    ...columns.flatMap((column) => sqlText(column, 'a name of columns')),
    ...columns
      .filter((column, index) => columns.indexOf(column) < index)
      .map((column) => `columns has "${column}" twice`),
    ...(onConflict === undefined || keys.length > 0 ? [] : ['onConflict.columns is empty']),
    ...keys
      .filter((key) => !columns.includes(key))
      .map((key) => `onConflict.columns names "${key}", which is none of columns`),
    ...(isUpdate && columns.every((column) => keys.includes(column)) ? ['onConflict has no column to update'] : []),
  ];
};

const sinkOf = <T>(sink: ResolvedSink<T>): Sink<T> =>
  defineSink<T>({
    name: sink.name,
    // its position is kept under the name
    claims: [`postgres sink "${sink.name}"`],
    onError: sink.onError,
    refuse: () => undefined,
    createWriter: (context) => openDirectly(sink, context),
    createDurableWriter: (context, restore) => {
      const { durable, guarantee } = context;
      if (durable === undefined || guarantee !== 'exactly-once') {
        const plain = { ...sink, createWriter: (inner: typeof context) => openDirectly(sink, inner) };
        return withOutbox(plain, context, restore);
      }
      return openExactly(sink, context, durable, restore);
    },
  });

/**
 * Sinks that write to PostgreSQL: exactly once in a job that is, else at least once. The package `pg` must be installed.
 * @namespace
 */
export const PostgresSinks = frozenFunctions('PostgresSinks', { table: 1, statement: 1 })({
  /**
   * Rows into a table, many in one statement, in the order of the items.
   *
   * @example
   * PostgresSinks.table<Reading>({
   *   connection: { host: 'db', database: 'plant', user: 'millrace', password: () => readPassword() },
   *   table: 'readings',
   *   columns: { device: ({ device }) => device, at: ({ at }) => new Date(at), value: ({ value }) => value },
   *   createTable: true,
   * });
   * @throws MillraceError INVALID_OPTIONS with all that is wrong
   */
  table,

  /**
   * A statement of one's own for each item, in the transaction of its batch.
   *
   * @example
   * PostgresSinks.statement<Alarm>({
   *   connection: 'postgres://millrace@db/plant',
   *   sql: 'UPDATE devices SET alarms = alarms + 1 WHERE id = $1',
   *   bindFn: ({ device }) => [device],
   *   createTable: true,
   * });
   * @throws MillraceError INVALID_OPTIONS with all that is wrong
   */
  statement,
});
