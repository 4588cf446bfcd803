import type { OutboundMessage } from '../../protocol/session/outbound/outbound-message.js';

/** What a queue needs of its session. */
export interface Publisher {
  /** How many more QoS 1 and 2 messages `publish` takes now. */
  readonly credit: number;
  publish(message: OutboundMessage): void;
  /** The same for one that others have passed. */
  publishLate(message: OutboundMessage): void;
  release(seq: number): void;
  /** Forgets a message that is not sent on this connection. @throws MillraceError PUBLISH_REFUSED when that would burn one packet id too many */
  abandon(seq: number): void;
  /** How many messages may be unanswered, re-sends too: Infinity for as many as `credit` says, 0 for none. */
  pace(window: number, now: number): void;
  /** Packets that were unanswered when the last connection ended. */
  readonly lastOwed: number;
  /** The message that was all of that, after an answered PINGREQ; -1 for none. */
  readonly lastAlone: number;
}
