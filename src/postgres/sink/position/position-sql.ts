import { MillraceError } from '../../../errors/millrace-error.js';
import { isCount } from '../../../internal/is-count.js';
import { isObject } from '../../../internal/is-object.js';
import type { Statement } from '../../connection/database-client.js';
import { quoteTable, quoteText, type TableName } from '../../sql/quote.js';
import type { SqlGuard } from '../../sql/table-insert.js';
import type { RefusedSeq, SinkPosition } from './sink-position.js';
import type { Opening } from './sink-record.js';

/** Which row of the table of positions. */
export interface PositionKey {
  /** Of positions, in the database of the rows. */
  readonly table: TableName;
  /** With `sink` the primary key. */
  readonly job: string;
  /** Its name in the job. */
  readonly sink: string;
}

/** A move of the position, in the transaction of the rows that it is for. */
export interface PositionMove {
  /** Of the position that it moves; with another one it moves nothing (SP3). */
  readonly opening: Opening;
  /** The `seq` that it must have. */
  readonly from: number;
  /** The `seq` that it gets. */
  readonly to: number;
  /** All that it has from then on, not only those that are new. */
  readonly refused: readonly RefusedSeq[];
}

/** One row for each sink, changed with each batch: room beside it makes that cheap. */
export const createPositionTableSql = (table: TableName): string =>
  `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (job text NOT NULL, sink text NOT NULL, identity uuid NOT NULL, ` +
  'epoch bigint NOT NULL, token uuid NOT NULL, seq bigint NOT NULL, refused jsonb NOT NULL, ' +
  'written_at timestamptz NOT NULL, PRIMARY KEY (job, sink)) WITH (fillfactor = 20)';

/** Until the transaction ends: of two that find no row, and so have none to lock, the second sees what the first has put there (SP4). */
export const lockPositionSql = ({ table, job, sink }: PositionKey): string =>
  lockSql(`${quoteTable(table)} ${job} ${sink}`);

/** `IF NOT EXISTS` fails when two do it at once: they are two sinks of one job, or two jobs. */
export const lockTableSql = (table: TableName): string => lockSql(quoteTable(table));

/** Waits for a transaction that has the row (SP4). As text: what a program has done to the parsers of `pg` is none of ours. */
export const readPositionSql = (key: PositionKey): string =>
  'SELECT identity::text AS identity, epoch::text AS epoch, token::text AS token, seq::text AS seq, ' +
  `refused::text AS refused FROM ${quoteTable(key.table)} WHERE ${whereSql(key)} FOR UPDATE`;

export const insertPositionSql = (key: PositionKey, position: SinkPosition): string => {
  const { identity, epoch, token, seq } = position;
  const values = [key.job, key.sink, identity].map(quoteText).join(', ');
  return (
    `INSERT INTO ${quoteTable(key.table)} (job, sink, identity, epoch, token, seq, refused, written_at) ` +
    `VALUES (${values}, ${epoch}, ${quoteText(token)}, ${seq}, ${refusedSql(position.refused)}, now())`
  );
};

/** Under the lock of `readPositionSql`. */
export const replacePositionSql = (key: PositionKey, position: SinkPosition): string => {
  const { identity, epoch, token, seq, refused } = position;
  return (
    `UPDATE ${quoteTable(key.table)} SET identity = ${quoteText(identity)}, epoch = ${epoch}, token = ${quoteText(token)}, ` +
    `seq = ${seq}, refused = ${refusedSql(refused)}, written_at = now() WHERE ${whereSql(key)}`
  );
};

const MOVED = 'millrace_position_moved';

/** What the error says by which a move ends its transaction. With the token it is no text that a row could have. */
export const positionMoved = ({ token }: Opening): string => `${MOVED} ${token}`;

/**
 * Changes one row, by `moveValues` as `$1` to `$5`. Where there is none to change, the position is not where this opening has left it (SP3):
 * then it fails, and with it the statement that it stands in, which is a transaction of its own. SQL has no statement that fails when nothing
 * was changed, but a cast of what is no number.
 */
export const moveGuard = (key: PositionKey): SqlGuard => ({
  with:
    `WITH millrace_moved AS (UPDATE ${quoteTable(key.table)} SET seq = $2::bigint, refused = $3::jsonb, written_at = now() ` +
    `WHERE ${whereSql(key)} AND epoch = $4::bigint AND token = $5::uuid AND seq = $1::bigint RETURNING 1), ` +
    `millrace_checked AS (SELECT (CASE count(*) WHEN 1 THEN '1' ELSE '${MOVED} ' || $5::uuid::text END)::int AS moved ` +
    'FROM millrace_moved)',
  when: '(SELECT moved FROM millrace_checked) = 1',
  count: 5,
});

/** What a move is given. */
export const moveValues = ({ opening, from, to, refused }: PositionMove): readonly unknown[] => [
  from,
  to,
  JSON.stringify(refused),
  opening.epoch,
  opening.token,
];

/** A move alone. */
export const moveStatement = (key: PositionKey, move: PositionMove): Statement => ({
  name: 'millrace_move',
  text: `${moveGuard(key).with} SELECT moved FROM millrace_checked`,
  values: moveValues(move),
});

/** @throws MillraceError INVALID_OPTIONS when the row is none of ours */
export const readPosition = (row: Readonly<Record<string, unknown>> | undefined): SinkPosition | undefined => {
  if (row === undefined) return undefined;
  const { identity, token } = row;
  const epoch = Number(row.epoch);
  const seq = Number(row.seq);
  if (typeof identity === 'string' && typeof token === 'string' && isCount(epoch) && isCount(seq)) {
    const refused: unknown = JSON.parse(String(row.refused));
    if (Array.isArray(refused) && refused.every(isRefused)) return { identity, epoch, token, seq, refused };
  }
  throw new MillraceError('INVALID_OPTIONS', 'the table of positions has a row that was not written by Millrace', {
    advice: 'Name another table as positionTable.',
  });
};

const isRefused = (value: unknown): value is RefusedSeq =>
  isObject(value) && isCount(value.seq) && typeof value.code === 'string' && typeof value.message === 'string';

const whereSql = ({ job, sink }: PositionKey): string => `job = ${quoteText(job)} AND sink = ${quoteText(sink)}`;

const lockSql = (what: string): string =>
  `SELECT pg_advisory_xact_lock(hashtextextended(${quoteText(`millrace ${what}`)}, 0))`;

const refusedSql = (refused: readonly RefusedSeq[]): string => `${quoteText(JSON.stringify(refused))}::jsonb`;
