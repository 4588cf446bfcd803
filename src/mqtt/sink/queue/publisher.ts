import type { OutboundMessage } from '../../protocol/session/outbound-message.js';

/** What a queue needs of its session. */
export interface Publisher {
  /** How many more QoS 1 and 2 messages `publish` takes now. */
  readonly credit: number;
  /** As many, or 0 while they are so few that they are better published together with others, for which room is made soon. */
  readonly portion: number;
  /** The QoS 1 or 2 message with this number, while it is not complete. */
  message(seq: number): OutboundMessage | undefined;
  /** All of them. */
  messages(): Iterable<OutboundMessage>;
  /**
   * Sends it as a new message; its seq must be above all others.
   * @throws MillraceError INVALID_STATE while it is offline, else what is wrong with the message
   */
  publish(message: OutboundMessage): void;
  /** The same for one that others have passed. */
  publishLate(message: OutboundMessage): void;
  /** Answers the PUBREC of a message with PUBREL (R9). Does nothing when there is none. */
  release(seq: number): void;
  /**
   * Forgets a message that is not sent on this connection.
   * @throws MillraceError PUBLISH_REFUSED when that would burn one packet id too many
   */
  abandon(seq: number): void;
  /** How many messages may be unanswered, re-sends too: Infinity for as many as `credit` says, 0 for none. */
  pace(window: number, now: number): void;
  /** Packets that were unanswered when the last connection ended. */
  readonly lastOwed: number;
  /** The message that was all of that, after an answered PINGREQ; -1 for none. */
  readonly lastAlone: number;
}
