import type { Opening } from './sink-record.js';

/** A row that the database would not have, as it is kept beside the position until the store has its letter. */
export interface RefusedSeq {
  /** Of the row in its outbox. */
  readonly seq: number;
  /** SQLSTATE. */
  readonly code: string;
  /** What the server said, without values of the row. */
  readonly message: string;
}

/** What the table of positions has of a sink. */
export interface SinkPosition extends Opening {
  /** Of the store whose position it is. */
  readonly identity: string;
  /** Every row of the outbox below is in the database, or refused. */
  readonly seq: number;
  /** From the store's durable `low` on, ascending. */
  readonly refused: readonly RefusedSeq[];
}
