import type { OutboundMessage } from '../protocol/session/outbound-message.js';

/** What a lane needs of its session. */
export interface Publisher {
  /** How many more QoS 1 and 2 messages `publish` takes now. */
  readonly credit: number;
  publish(message: OutboundMessage): void;
  /** The same for one that others have passed. */
  publishLate(message: OutboundMessage): void;
  release(seq: number): void;
  /** Forgets a message that kills each connection on which it is sent. */
  abandon(seq: number): void;
}
