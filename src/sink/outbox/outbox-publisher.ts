import type { Publisher } from '../publisher.js';

/** What an outbox needs of its session. */
export interface OutboxPublisher extends Publisher {
  /** Every row below is durably complete (R8a, R11). */
  setDurableLow(seq: number): void;
}
