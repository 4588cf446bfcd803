import { defineSource } from '../connector/define-source.js';
import type { Source } from '../connector/source.js';
import { frozenFunctions } from '../internal/options/frozen-functions.js';
import { openChanges, openQueue } from './source/open-source.js';
import type {
  PostgresChangesOptions,
  PostgresQueueOptions,
  PostgresRow,
} from './source/options/postgres-source-options.js';
import { CHANGES, checkSource, QUEUE, resolveSource } from './source/options/resolve-source.js';

const queue = <T = PostgresRow>(given: PostgresQueueOptions<T>): Source<T> => {
  const options = checkSource<PostgresQueueOptions<T>>(given, QUEUE);
  const { id = 'id', owner = 'claimed_by', done, maxClaimed = 1024, onUnknownClaims = 'fail' } = options;
  const source = resolveSource(options);
  const columns = { table: source.table, id, owner, done };
  return defineSource<T>({
    name: source.name,
    // rows are claimed under it
    claims: [`postgres source "${source.name}"`],
    defaultGuarantee: 'at-least-once',
    onError: source.onError,
    refuse: () => undefined,
    createReader: (context) => openQueue({ source, columns, maxClaimed, onUnknownClaims }, context),
  });
};

const changes = <T = PostgresRow>(given: PostgresChangesOptions<T>): Source<T> => {
  const options = checkSource<PostgresChangesOptions<T>>(given, CHANGES);
  const { column = 'id', startAt = 'beginning' } = options;
  const source = resolveSource(options);
  return defineSource<T>({
    name: source.name,
    claims: [`postgres source "${source.name}"`],
    defaultGuarantee: 'none',
    onError: source.onError,
    // where it stands is in the store alone
    needsStore: true,
    refuse: () => undefined,
    createReader: (context) => openChanges({ source, column, startAt }, context),
  });
};

/**
 * Sources that read from PostgreSQL. The package `pg` must be installed.
 * @namespace
 */
export const PostgresSources = frozenFunctions('PostgresSources', { queue: 1, changes: 1 })({
  /**
   * The rows of a table that is a queue. A row is claimed before it is given, and done (deleted, or marked) behind the commit that covers
   * it.
   *
   * @example
   * PostgresSources.queue<Command>({
   *   connection: 'postgres://millrace@db/plant',
   *   table: 'commands',
   *   mapToItemFn: ({ device, payload }) => ({ device: String(device), payload: String(payload) }),
   * });
   * @throws MillraceError INVALID_OPTIONS with all that is wrong
   */
  queue,

  /**
   * The rows that are added to a table, in the order of a column.
   *
   * @example
   * PostgresSources.changes({ connection: 'postgres://millrace@db/plant', table: 'orders', column: 'id', channel: 'orders' });
   * @throws MillraceError INVALID_OPTIONS with all that is wrong
   */
  changes,
});
