import type { Publisher } from '../../queue/publisher.js';

/** What an outbox needs of its session. */
export interface OutboxPublisher extends Publisher {
  /** Every row below is durably complete (R8a, R11). */
  setDurableLow(seq: number): void;
  /** Packet ids, less one, that must not be used again in this session, in the order in which they were burnt (R20a). */
  readonly burnt: readonly number[];
}
