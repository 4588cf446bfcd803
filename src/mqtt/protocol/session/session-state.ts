import type { CounterState } from './finished/broker-counter.js';
import type { DigestPage } from './finished/message-digests.js';
import type { OutboundMessage } from './outbound-message.js';

/**
 * Where an inbound QoS 2 id stands. A `taken` row is only worth storing with the message itself: the server will not get an
 * answer to it, nor the owner the message again, before `accept`. `taken`: delivered, not accepted. `accepted`: PUBREC may go out.
 * `releasing`: PUBREL came, `complete` is awaited.
 */
export type InboundStage = 'taken' | 'accepted' | 'releasing';

/** Where an outbound message stands. `released`: PUBREC came and `release` was called, so PUBREL is what is re-sent. */
export type OutboundStage = 'unsent' | 'sent' | 'received' | 'released';

/** A QoS 2 message that was received and whose id is not released. */
export interface InboundRow {
  /** Under which the server sent it. */
  readonly packetId: number;
  /** By which its owner knows it. */
  readonly token: number;
  /** How far its flow is. */
  readonly stage: InboundStage;
}

/** A message that was given to the session and is not complete. */
export interface OutboundRow {
  /** As it was published, and as it is sent again (R12). */
  readonly message: OutboundMessage;
  /** How far its flow is. */
  readonly stage: OutboundStage;
}

/** What tells a message that comes again although it is finished (R2b). */
export interface InboundMemory {
  /** Packet ids that are finished, as runs: see `id-runs.ts`. */
  readonly finished: Uint16Array;
  /** Whether an id can be that of a message sent again. */
  readonly counter: CounterState;
  /** Pages of the digests of these and of the inbound rows: all, or those that changed. */
  readonly digests: readonly DigestPage[];
}

/**
 * The state of a session that outlives its connection: plain, comparable and clonable, so that a store can hold it and a model can drive
 * it.
 */
export interface SessionState {
  /** Counts fresh sessions; 0 before the first. */
  readonly epoch: number;
  /** Inbound QoS 2 ids that are not released yet, in order of arrival. */
  readonly inbound: readonly InboundRow[];
  /** Outbound messages that are not complete, by ascending seq. */
  readonly outbound: readonly OutboundRow[];
  /** Absent while there is nothing in it. */
  readonly memory?: InboundMemory;
  /**
   * Packet ids, less one, that outbound messages of this session must not have again, in the order in which they were burnt (R20a). Absent:
   * none.
   */
  readonly burnt?: readonly number[];
}
