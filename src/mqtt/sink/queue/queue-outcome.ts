import type { MillraceError } from '../../../errors/millrace-error.js';
import type { Row } from '../message/row.js';
import type { Acquittal } from './poison-search.js';

/** Why a message was given up without anybody's judgement of it. */
export type DropReason = 'offline-overflow' | 'session-lost' | 'connection-lost' | 'expired';

/** What is found out about a message at which connections end: that it may be the cause, that it is, or why not. */
export type Finding = 'suspected' | 'blamed' | Acquittal;

/**
 * What a queue reports of its rows; each row ends in exactly one of the first three calls, unless `failed` comes before: it is the last
 * call.
 */
export interface QueueOutcome {
  /** PUBACK or PUBCOMP; at QoS 0 written. */
  delivered(row: Row): void;
  /** To be handled by `onError`. */
  rejected(row: Row, error: MillraceError): void;
  /** Given up by a policy of the sink or because QoS 0 promises no more. */
  dropped(row: Row, reason: DropReason): void;
  /** The broker took a QoS 2 row at QoS 1; `delivered` follows. */
  downgraded(row: Row): void;
  /** Refused for now; it will be published again. */
  retried(row: Row): void;
  /** For the first time, or as a new message after a refusal; a re-send after a cut is no publish (L2). */
  published(row: Row): void;
  /** A connection ended while this row alone was unanswered (R20a). */
  suspected(row: Row, finding: Finding): void;
  /** A message that the broker may hold half-done is refused, and its packet id used again: no other one is left (R20a). */
  idsSpent(topic: string, packetId: number): void;
  /** The session is not ours (R9a): nothing more can be delivered. */
  failed(error: MillraceError): void;
  /** It had properties and goes out on a 3.x connection, without them. */
  stripped(row: Row): void;
}
