/*
 * Sinks to PostgreSQL: `millrace/postgres`. Read `sink/position/judge-position.ts` first: its invariants say how a row is in exactly once.
 * `sql/` is pure: statements, values as JSON, what an error means. `connection/` has the only connections, over the package `pg`, which is
 * loaded when the first is opened. `sink/writing/` writes batch after batch, `sink/outbox/` and `sink/direct/` are what an engine drives in a
 * job that is exactly once, and in any other. It imports the connector contracts and no engine.
 */
export type { PostgresConnection, PostgresConnectionOptions } from './connection/postgres-connection.js';
export { PostgresSinks } from './postgres-sinks.js';
export { PostgresSources } from './postgres-sources.js';
export type {
  PostgresSinkOptions,
  PostgresStatementOptions,
  PostgresTableOptions,
} from './sink/options/postgres-sink-options.js';
export type { ColumnValues } from './sink/row-binder.js';
export type {
  PostgresChangesOptions,
  PostgresQueueOptions,
  PostgresRow,
  PostgresSourceOptions,
} from './source/options/postgres-source-options.js';
export type { OnConflict } from './sql/table-insert.js';
