import type { PubcompFence } from '../finished/pubcomp-fence.js';
import type { OutboundTurns } from '../outbound/outbound-turns.js';
import type { SessionParts } from '../session-parts.js';
import type { SubscriptionRequests } from '../subscription-requests.js';

/**
 * PINGREQ, and what PINGRESP shows: that the server lives, for the timers; that it has read the PUBCOMPs before (R2b), for the fence; and
 * at a pace of one, that the next PUBLISH may go out (R20a). A PINGREQ that only the fence wants it writes itself, and the timers do not
 * wait for its answer.
 */
export class SessionPings {
  readonly #parts: SessionParts;
  readonly #fence: PubcompFence;
  readonly #turns: OutboundTurns;
  readonly #requests: SubscriptionRequests;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#fence = parts.inbound.qos2.fence;
    this.#turns = parts.outbound.turns;
    this.#requests = parts.requests;
  }

  /** Nothing was sent for as long as keep-alive allows. */
  ping(): void {
    this.#parts.output.write({ type: 'pingreq' });
    this.#parts.timers.pingSent();
    this.#fence.pingSent();
  }

  /** R20a: at a pace of one the server shows that it lives before each PUBLISH, and is asked nothing else meanwhile. */
  probe(): void {
    if (this.#requests.pending > 0) return;
    this.ping();
    this.#turns.pinged(this.#fence.pings);
  }

  /** PINGRESP came. */
  answered(): void {
    this.#parts.timers.pingAnswered();
    this.#fence.pingAnswered();
    // last, for it may send what waited to hear that the server lives (R20a)
    this.#turns.pingAnswered();
  }
}
