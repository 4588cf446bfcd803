import { MillraceError } from '../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { OutboundEvent } from '../../protocol/session/session-event.js';
import { Row } from '../message/row.js';
import type { Publisher } from './publisher.js';
import type { QueueCustody } from './queue-custody.js';
import type { QueueOutcome } from './queue-outcome.js';
import { UnwrittenRows } from './unwritten-rows.js';

/**
 * The way of a row into the session and out of it. The session has the only table of the QoS 1 and 2 rows that it holds, so that here they
 * are only counted; a row has a seq as long as it stands in that table.
 */
export class PublishedRows {
  /** QoS 0. */
  readonly unwritten = new UnwrittenRows();
  /** That of the connection. */
  version: ProtocolVersion = 5;
  readonly #custody: QueueCustody;
  readonly #outcome: QueueOutcome;
  /** One above the highest seq that was given to the session. */
  #next = 0;
  #inflight = 0;
  #expires = false;

  constructor(custody: QueueCustody, outcome: QueueOutcome) {
    this.#custody = custody;
    this.#outcome = outcome;
  }

  /** QoS 1 and 2 rows that the session holds. */
  get inflight(): number {
    return this.#inflight;
  }

  /** Some rows have been given that may expire: what is left of their time is to be looked at before a re-send (R23). */
  get expires(): boolean {
    return this.#expires;
  }

  /** A row that the session has from birth; they come by ascending seq. */
  adopt(row: Row): void {
    this.#expires ||= row.expiresAtMs !== undefined;
    this.#inflight += 1;
    this.#next = row.seq + 1;
  }

  /** Gives a row to the session. With an error it was not given: INVALID_STATE when there is no connection any more, else the row's own. */
  publish(publisher: Publisher, row: Row, wallMs: number): MillraceError | undefined {
    if (row.expiresAtMs !== undefined) {
      this.#expires = true;
      row.age(wallMs);
    }
    if (this.version < 5 && row.properties !== undefined) this.#strip(row);
    const confirmed = row.qos > 0;
    if (confirmed) {
      row.seq = this.#custody.seqOf(row, this.#next);
      this.#inflight += 1;
    }
    try {
      // below others only after a refusal, under the seq it had (L5)
      if (confirmed && row.seq < this.#next) publisher.publishLate(row);
      else publisher.publish(row);
    } catch (thrown) {
      if (confirmed) this.leave(row);
      return MillraceError.from(thrown);
    }
    if (!confirmed) this.unwritten.add(row);
    else if (row.seq >= this.#next) this.#next = row.seq + 1;
    this.#outcome.published(row);
    return undefined;
  }

  /** The session has let go of a message: its row, unless that stands under another number or under none. */
  land({ message, seq }: Pick<OutboundEvent, 'message' | 'seq'>): Row | undefined {
    if (!(message instanceof Row) || message.seq !== seq) return undefined;
    this.leave(message);
    return message;
  }

  /** The session does not have the row any more. */
  leave(row: Row): void {
    row.seq = -1;
    this.#inflight -= 1;
  }

  /** Re-sends go out with what is left of their time (R23). */
  age(publisher: Publisher, wallMs: number): void {
    for (const row of publisher.messages()) if (row instanceof Row) row.age(wallMs);
  }

  /** 3.x has no place for properties: said, never silent. */
  #strip(row: Row): void {
    delete row.properties;
    this.#outcome.stripped(row);
  }
}
