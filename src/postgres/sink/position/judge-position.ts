import { MillraceError } from '../../../errors/millrace-error.js';
import type { RefusedSeq, SinkPosition } from './sink-position.js';
import { isSameOpening, type SinkRecord } from './sink-record.js';

/*
 * When rows that are in an outbox of the store are put into a database exactly once. The store knows up to where they are complete (`low`)
 * and what was stored (`end`); the database knows how many are in (`seq`). The invariants:
 * SP1. The identity is durable in the store before the database has it. A crash in between: the database has nothing of the sink, and the
 *     store has delivered nothing, so the position is made again.
 * SP2. An opening is durable in the store as planned before the database has it, so the database has the opening that was seen last, or the
 *     planned one; any other was written by somebody else, or by this store in a past or a future that it does not know.
 * SP3. Rows and position are one transaction, which changes nothing unless the position has the opening and the `seq` that it began from.
 *     So each row is in once, whatever becomes of the connection, and an opening that is not the last can write no more. One that is sent
 *     before the one in front is answered begins from where that would end, so it fails with it.
 * SP4. The position is judged under the lock of its row, or of its key where there is no row yet, and with it locked the new opening is
 *     written: a COMMIT whose answer was cut has taken effect before, or never will. `seq` says which.
 * SP5. A row that the database refuses moves the position as well, and is kept beside it until the store has its letter: a crash between
 *     the two loses no letter.
 * SP6. `low` ≤ `seq` ≤ `end`. Below: the database has lost rows that were complete. Above: it has rows that this store has never had.
 *
 * | the process dies | the store has | the database has | what the next one finds |
 * |---|---|---|---|
 * | before the identity is durable | nothing | nothing | a first start |
 * | before the database has it (SP1) | identity, planned | nothing | `create` again |
 * | before the answer of that | the same | planned, seq 0 | `resume` at 0 |
 * | between a planned opening and the database's (SP2) | seen, planned | seen | `resume` |
 * | in a transaction of rows | low | seq as it was | `resume`: they are written |
 * | behind its COMMIT (SP3) | low below seq | seq moved | `resume`: they are passed over |
 * | behind the commit of `low` | low = seq | the same | `resume` |
 */

/** What a user allows where the two do not fit together. */
export interface PositionPolicy {
  /** The database has a position that is not this store's. */
  readonly onUnknownPosition: 'fail' | 'takeOver';
  /** The database is behind what it has confirmed. */
  readonly onPositionLoss: 'fail' | 'accept';
}

/** What is known on this side. */
export interface Known {
  /** As the store has it; undefined: nothing was ever stored. */
  readonly record: SinkRecord | undefined;
  /** Every row below was confirmed by the database. */
  readonly low: number;
  /** No row from here on can have been sent. */
  readonly end: number;
  /** An opening of this very process was in the database. */
  readonly isOpen: boolean;
}

/** Why a position was set anew: what came between is lost, or comes twice. */
export type ResetReason = 'unknown-position' | 'position-lost';

/** What is to be done with a position. */
export type Verdict =
  | { readonly kind: 'create'; readonly seq: number; readonly refused: readonly [] }
  | { readonly kind: 'resume'; readonly position: SinkPosition }
  | {
      readonly kind: 'reset';
      readonly seq: number;
      readonly refused: readonly RefusedSeq[];
      readonly reason: ResetReason;
    }
  | { readonly kind: 'refuse'; readonly error: MillraceError };

/** @param position undefined: the table has none of this job and sink */
export const judgePosition = (position: SinkPosition | undefined, known: Known, policy: PositionPolicy): Verdict => {
  const { record, low } = known;
  if (position === undefined) {
    // SP1; whoever has delivered nothing has lost nothing either
    const isFirst = record?.seen === undefined && low === 0 && !known.isOpen;
    return isFirst
      ? { kind: 'create', seq: low, refused: [] }
      : lost(known, policy, 'the database has no position of it any more');
  }
  if (record === undefined || position.identity !== record.identity) return unknown(known, policy, NOT_OURS);
  // SP2
  if (!isSameOpening(position, record.planned) && !isSameOpening(position, record.seen)) {
    return elsewhere(position, record, known, policy);
  }
  // SP6
  if (position.seq < low) {
    return lost(known, policy, `the database has ${position.seq} of the ${low} rows that it had confirmed`);
  }
  if (position.seq > known.end) return unknown(known, policy, WENT_BACK);
  return { kind: 'resume', position };
};

/** Its own identity under an opening that the store does not know. */
const elsewhere = (position: SinkPosition, record: SinkRecord, known: Known, policy: PositionPolicy): Verdict => {
  if (position.epoch < (record.seen?.epoch ?? 0)) {
    const what = `the database is at opening ${position.epoch}, and was at ${record.seen?.epoch} before`;
    return lost(known, policy, what, position);
  }
  if (known.isOpen) return { kind: 'refuse', error: fenced() };
  return unknown(known, policy, WENT_BACK);
};

const NOT_OURS = 'the database has a position that another store has written';
const WENT_BACK = 'the database is ahead of the store, which is a copy, or went back to a backup';

const unknown = ({ low, isOpen }: Known, { onUnknownPosition }: PositionPolicy, what: string): Verdict => {
  // not in the middle: whoever has come in between is at work
  if (isOpen) return { kind: 'refuse', error: fenced() };
  if (onUnknownPosition === 'takeOver') return { kind: 'reset', seq: low, refused: [], reason: 'unknown-position' };
  const error = new MillraceError('DATABASE_NOT_OURS', `${what}: which rows are in already cannot be told`, {
    advice:
      'Start the job with the store that wrote it. Or clean the table up to the input that comes next, and take the position over with ' +
      "onUnknownPosition: 'takeOver': rows that this store has are then written, whatever the table has. Or give the job or the sink another name.",
    details: { low },
  });
  return { kind: 'refuse', error };
};

/** @param position what it went back to, where that is its own: what is in there is not to be written again */
const lost = (
  { low, end }: Known,
  { onPositionLoss }: PositionPolicy,
  what: string,
  position?: SinkPosition,
): Verdict => {
  if (onPositionLoss === 'accept') {
    const isAhead = position !== undefined && position.seq > low && position.seq <= end;
    const { seq, refused } = isAhead ? position : { seq: low, refused: [] };
    return { kind: 'reset', seq, refused, reason: 'position-lost' };
  }
  const error = new MillraceError('DATABASE_WENT_BACK', `${what}: it went back, and rows that were in are lost`, {
    advice:
      'Bring the database to where it was. Or accept the loss with onPositionLoss: ' +
      "'accept': the sink goes on with the rows that the store still has.",
    details: { low },
  });
  return { kind: 'refuse', error };
};

const fenced = (): MillraceError =>
  new MillraceError('STORE_FENCED', 'another process has opened the sink in its database: this one may write no more', {
    advice: 'Only one job of a name may run, with one store.',
  });
