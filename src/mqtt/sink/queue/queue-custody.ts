import type { Row } from '../message/row.js';

/**
 * Who answers for the rows of a queue until they are done. Direct: this process alone, so that what it loses is sent again by the
 * source or not at all. By an outbox: the store, and only what a commit has made durable goes out.
 */
export interface QueueCustody {
  /** Rows of this index and above are not published yet (R8a). It does not move while the queue pumps. */
  readonly mark: number;
  /** QoS 0 rows whose bytes did not leave before a cut wait again. Else they are lost: at most once is what QoS 0 promises. */
  readonly keepsUnwritten: boolean;
  /** The seq, and so the packet id, of a QoS 1 or 2 row that is published now; `next` is one above the highest so far. */
  seqOf(row: Row, next: number): number;
  /** PUBREC came: PUBREL goes out once the custody releases the seq (R9). `row` is undefined when the queue has given it up. */
  received(seq: number, row: Row | undefined): void;
  /** The row counts as delivered, but may be lost with a session that nobody could verify to be ours (R5a). */
  unverified(row: Row): void;
}
