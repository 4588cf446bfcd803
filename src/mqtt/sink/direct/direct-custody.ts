import type { Publisher } from '../queue/publisher.js';
import type { QueueCustody } from '../queue/queue-custody.js';

/** Without a store nothing has to be durable before it goes out, and nothing is left of a row that is lost. */
export const directCustody = (publisher: () => Publisher): QueueCustody => ({
  mark: Number.POSITIVE_INFINITY,
  keepsUnwritten: false,
  /** A refused row that is published again takes a new one: no other process will look for the old one. */
  seqOf: (_row, next) => next,
  received: (seq) => publisher().release(seq),
  unverified: () => {},
});
