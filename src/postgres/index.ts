/*
 * Sinks to PostgreSQL and sources from it: `millrace/postgres`. Read `sink/position/judge-position.ts` first: its invariants say how a row
 * is in exactly once; `source/queue/queue-book.ts` and `source/changes/changes-work.ts` say how one is given once. `sql/` is pure:
 * statements, and what an error means. `connection/` has the only connections, over the package `pg`, which is loaded when the first is
 * opened, and the loop that makes one after another. `sink/writing/` writes batch after batch, `sink/outbox/` and `sink/direct/` are what
 * an engine drives in a job that is exactly once, and in any other; `source/reading/` is that of both sources. It imports the connector
 * contracts and no engine; no other folder imports it, for it is a subpath of its own. A second database begins as a folder beside this
 * one.
 */
export type { PostgresConnection, PostgresConnectionOptions } from './connection/postgres-connection.js';
export { PostgresSinks } from './postgres-sinks.js';
export { PostgresSources } from './postgres-sources.js';
export type {
  PostgresSinkOptions,
  PostgresStatementOptions,
  PostgresTableOptions,
} from './sink/options/postgres-sink-options.js';
export type { ColumnNames, ColumnValues } from './sink/row-binder.js';
export type {
  PostgresChangesOptions,
  PostgresQueueOptions,
  PostgresRow,
  PostgresSourceOptions,
} from './source/options/postgres-source-options.js';
export type { OnConflict } from './sql/table-insert.js';
