import type { DurableContext } from '../../connector/durable-context.js';
import type { DurableSinkWriter, RestoreOutbox } from '../../connector/durable-sink.js';
import type { OpenContext } from '../../connector/open-context.js';
import { Retries } from '../../connector/retry/retries.js';
import type { SinkWriter } from '../../connector/sink-writer.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { DatabaseLoop } from '../connection/database-loop.js';
import { requireSqlText } from '../connection/sql-text-check.js';
import { DirectRows } from './direct/direct-rows.js';
import { PostgresWriter } from './direct/postgres-writer.js';
import type { ResolvedSink } from './options/resolve-sink.js';
import { ExactRows } from './outbox/exact-rows.js';
import { letterOfRefused, PostgresOutboxWriter } from './outbox/postgres-outbox-writer.js';
import { RowOutbox } from './outbox/row-outbox.js';
import { PositionTable } from './position/position-table.js';
import { SinkMeter } from './sink-meter.js';
import { BatchWork, type WrittenRows } from './writing/batch-work.js';
import type { QueuedRow } from './writing/row-queue.js';

/** Exactly once: given at once, and open when the database was reached. */
export const openExactly = async <T>(
  sink: ResolvedSink<T>,
  context: OpenContext,
  durable: DurableContext,
  restore: RestoreOutbox,
): Promise<DurableSinkWriter<T>> => {
  const {
    name,
    onError,
    bind,
    statement,
    positions: { table, createTable, policy },
  } = sink;
  requireSqlText('the name of its job', context.job);
  const outbox = new RowOutbox({
    restore,
    limits: sink.limits,
    letterOf: (stored, refused) => letterOfRefused(name, stored, refused),
  });
  const positions = await PositionTable.begin({
    key: { table, job: context.job, sink: name },
    record: durable.record('position'),
    policy,
    createTable,
    end: restore(outbox.name).end,
  });
  const failOnRejection = onError === 'fail';
  const writer = new PostgresOutboxWriter({
    sink: name,
    bind,
    keepsLetters: typeof onError === 'object',
    failOnRejection,
    outbox,
    loop: (owner) =>
      loopOf(
        sink,
        context,
        () => outbox.waiting,
        new ExactRows({
          sink: name,
          outbox,
          positions,
          statement: statement(),
          failOnRefusal: failOnRejection,
          onProgress: () => owner.changed(),
          onFailed: (error) => owner.failed(error),
        }),
      ),
  });
  return endedByAbort(writer, context);
};

/** At least once: open when it is given. */
export const openDirectly = async <T>(sink: ResolvedSink<T>, context: OpenContext): Promise<SinkWriter<T>> => {
  const { name: sinkName, bind, statement, limits, onError } = sink;
  const writer = new PostgresWriter<T>({
    rows: (owner) =>
      new DirectRows<T>({
        sink: sinkName,
        bind,
        statement: statement(),
        limits,
        failOnRejection: onError === 'fail',
        onProgress: () => owner.changed(),
        onFailed: (error) => owner.failed(error),
      }),
    loop: (rows) => loopOf(sink, context, () => rows.waiting, rows),
  });
  endedByAbort(writer, context);
  try {
    await writer.opened;
  } catch (error) {
    await writer.close();
    throw error;
  }
  return writer;
};

const loopOf = <T, R extends QueuedRow>(
  { name, connection, timeoutMs, retry }: ResolvedSink<T>,
  { job, metrics }: OpenContext,
  waiting: () => number,
  rows: WrittenRows<R>,
): DatabaseLoop =>
  new DatabaseLoop({
    connection,
    timeoutMs,
    retries: new Retries({ kind: 'sink', name, job, metrics }, { retryStrategy: retry, classifyErrorFn: undefined }),
    work: new BatchWork(rows, new SinkMeter(metrics, name, waiting)),
  });

/** An opening that waits for a database ends with its job. */
const endedByAbort = <W extends { readonly opened?: Promise<void>; close(): Promise<void> }>(
  writer: W,
  { signal }: OpenContext,
): W => {
  const stopListening = whenAborted(signal, () => void writer.close());
  writer.opened?.then(stopListening, stopListening);
  return writer;
};
