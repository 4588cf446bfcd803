import type { DeadLetter } from '../../../../connector/dead-letter.js';
import type { MillraceError } from '../../../../errors/millrace-error.js';
import type { Row } from '../../message/row.js';
import type { QueueOutcome } from '../../queue/queue-outcome.js';

/** Whom a sender tells. */
export interface SenderOwner {
  /** Counts what needs no answer. */
  readonly meter: Pick<
    QueueOutcome,
    'delivered' | 'dropped' | 'retried' | 'published' | 'suspected' | 'idsSpent' | 'stripped'
  >;
  /** Makes the letter of a row that is refused for good, or gives undefined when that fails the sink. */
  refused(row: Row, error: MillraceError): DeadLetter | undefined;
  /** The broker took a QoS 2 row at QoS 1, and has no other. */
  downgraded(row: Row): void;
  /** It counts as delivered, but may be lost with a session that nobody could verify to be ours (R5a). */
  unverified(row: Row): void;
  /** Nothing more can be delivered. */
  failed(error: MillraceError): void;
}
