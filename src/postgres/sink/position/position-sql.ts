import { MillraceError } from '../../../errors/millrace-error.js';
import { isCount } from '../../../internal/is-count.js';
import { isObject } from '../../../internal/is-object.js';
import { quoteTable, quoteText, type TableName } from '../../sql/quote.js';
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

/** What the error says by which `movePositionSql` ends its transaction. With the token it is no text that a row could have. */
export const positionMoved = ({ token }: Opening): string => `millrace_position_moved ${token}`;

/** What a statement behind a move finds in `MOVE_SETTING`, in its transaction and nowhere else. */
export const moveKey = ({ opening, from, to }: PositionMove): string => `${opening.token} ${from} ${to}`;

/** A setting of the transaction. */
const MOVE_SETTING = 'millrace.move';

/** Whether the move with the key that `key` has was made in this transaction; true for NULL, where rows are written without one. */
export const isMovedSql = (key: string): string =>
  `(${key}::text IS NULL OR current_setting(${quoteText(MOVE_SETTING)}, true) = ${key})`;

/**
 * Changes one row. Where there is none to change, the position is not where this opening has left it (SP3): then it fails, and with it all
 * that stands behind it in its transaction. SQL has no statement that fails when nothing was changed, but a cast of what is no number.
 * What is sent behind it before it is answered asks for its key: a BEGIN that was cancelled begins no transaction that could fail.
 */
export const movePositionSql = (key: PositionKey, move: PositionMove): string =>
  `WITH moved AS (${updatePositionSql(key, move)} RETURNING 1) ` +
  `SELECT (CASE count(*) WHEN 1 THEN '1' ELSE ${quoteText(positionMoved(move.opening))} END)::int, ` +
  `set_config(${quoteText(MOVE_SETTING)}, ${quoteText(moveKey(move))}, true) FROM moved`;

const updatePositionSql = (key: PositionKey, { opening, from, to, refused }: PositionMove): string =>
  `UPDATE ${quoteTable(key.table)} SET seq = ${to}, refused = ${refusedSql(refused)}, written_at = now() ` +
  `WHERE ${whereSql(key)} AND epoch = ${opening.epoch} AND token = ${quoteText(opening.token)} AND seq = ${from}`;

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
