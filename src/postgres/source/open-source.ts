import type { OpenContext } from '../../connector/open-context.js';
import { Retries } from '../../connector/retry/retries.js';
import type { SourceReader } from '../../connector/source-reader.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { DatabaseLoop, type DatabaseWork } from '../connection/database-loop.js';
import { beginAt } from './changes/begin-at.js';
import { ChangesBook } from './changes/changes-book.js';
import { ChangesWork, type ResolvedChanges } from './changes/changes-work.js';
import type { ResolvedSource } from './options/resolve-source.js';
import { QueueBook } from './queue/queue-book.js';
import { QueueOwner } from './queue/queue-owner.js';
import { QueueWork, type ResolvedQueue } from './queue/queue-work.js';
import { type RowBook, RowReader } from './reading/row-reader.js';

/** Resolves when the database was reached. */
export const openQueue = async <T>(queue: ResolvedQueue<T>, context: OpenContext): Promise<SourceReader<T>> => {
  const owner = await QueueOwner.of(queue.source.name, context);
  const book = new QueueBook(context.restored);
  return open(queue.source, context, book, (reader, wake) => new QueueWork({ queue, owner, book, reader, wake }));
};

/** Resolves when the database was reached. */
export const openChanges = async <T>(changes: ResolvedChanges<T>, context: OpenContext): Promise<SourceReader<T>> => {
  const book = new ChangesBook(context.restored);
  return open(
    changes.source,
    context,
    book,
    (reader, wake) => new ChangesWork({ changes, book, reader, wake, beginAt: beginAt(changes.startAt, context) }),
  );
};

const open = async <T>(
  { name, connection, timeoutMs, retry, mapToItem, onError }: ResolvedSource<T>,
  { job, metrics, signal }: OpenContext,
  book: RowBook,
  workOf: (reader: RowReader<T>, wake: () => void) => DatabaseWork,
): Promise<SourceReader<T>> => {
  const rules = { retryStrategy: retry, classifyErrorFn: undefined };
  const reader: RowReader<T> = new RowReader({
    name,
    mapToItem,
    failOnRejection: onError === 'fail',
    book,
    onChange: () => loop.wake(),
    close: () => loop.close(),
  });
  const loop = new DatabaseLoop({
    connection,
    timeoutMs,
    retries: new Retries({ kind: 'source', name, job, metrics }, rules),
    work: workOf(reader, () => loop.wake()),
  });
  const stopListening = whenAborted(signal, () => void loop.close());
  try {
    await loop.opened;
    return reader;
  } catch (error) {
    await loop.close();
    throw error;
  } finally {
    stopListening();
  }
};
