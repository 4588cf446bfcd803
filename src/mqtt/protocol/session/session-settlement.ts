import { invalidState } from '../codec/protocol-error.js';
import type { EventQueue } from './event-queue.js';
import type { InboundMessages } from './inbound/inbound-messages.js';
import type { OutboundMessages } from './outbound/outbound-messages.js';
import type { OutboundMessage } from './outbound-message.js';
import { MarkerProof } from './proof/marker-proof.js';
import type { MarkerQuestion, SessionProof } from './proof/session-proof.js';
import type { SessionEpoch } from './session-epoch.js';
import type { SubscriptionAnswerEvent } from './session-event.js';
import type { ConnectRequest } from './session-options.js';
import type { SubscriptionRequests } from './subscription-requests.js';

/** What a settlement asks and tells. */
export interface SettlementParts {
  /** Raised when the session turns out to be a fresh one. */
  readonly epoch: SessionEpoch;
  /** Holds messages back while the session is being proven. */
  readonly inbound: InboundMessages;
  /** Says what is in doubt. */
  readonly outbound: OutboundMessages;
  /** Sends the question of a proof. */
  readonly requests: SubscriptionRequests;
  /** Told how it came out. */
  readonly events: EventQueue;
  /** As in `SessionOptions`. */
  readonly settlesEmpty: boolean;
}

/**
 * `none`: no CONNACK yet, or the connection is over. `asking`: the owner has to decide, `startEpoch` for a lost session, `prove` or
 * `trust` for one that may not be ours. `proving`: the UNSUBACKs of the markers are awaited. `settled`: whose the session is, is decided.
 */
type Standing = 'none' | 'asking' | 'proving' | 'settled';

/**
 * Whether the server's session is the one whose state we hold, anew on each connection (R5, R5a). The invariants:
 * S1. While the owner is asked nothing that came behind CONNACK is read; while the session is being proven it is read, but messages
 *     wait, unless the server is slow to answer: then those with new ids are taken (R14b). Nothing new goes out.
 * S2. Only `startEpoch` ends a loss. One still undecided at the end of a connection is asked about again on the next.
 * S3. A session that only the owner's trust or a server that would not say makes ours is `unverified` on this connection (R5a).
 */
export class SessionSettlement {
  readonly #parts: SettlementParts;
  #standing: Standing = 'none';
  #belowVersion5 = false;
  #proof: MarkerProof | undefined;
  #unverified = false;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** What came behind CONNACK waits until the owner has decided. */
  get asking(): boolean {
    return this.#standing === 'asking';
  }

  /** Messages and requests may go out. */
  get settled(): boolean {
    return this.#standing === 'settled';
  }

  /** Nobody has proven that the server's session is ours. */
  get unverified(): boolean {
    return this.#unverified;
  }

  /** CONNACK 0 came, and the epoch has taken it in. A fresh session is lost when we hold anything, or its owner wants to know. */
  begin(request: ConnectRequest, fresh: boolean): void {
    const { epoch, inbound, outbound, settlesEmpty, events } = this.#parts;
    this.#belowVersion5 = request.version < 5;
    this.#proof = undefined;
    this.#unverified = false;
    const inDoubt = fresh ? outbound.inDoubt() : [];
    // with `settlesEmpty` even the loss of nothing: its owner writes the epoch down before anything comes (R5)
    epoch.setLost(fresh && (inDoubt.length > 0 || inbound.qos2.size > 0 || settlesEmpty));
    // nothing was held, but what is remembered as finished was of the old session (R2b)
    if (fresh && !epoch.lost) inbound.qos2.startEpoch();
    if (epoch.lost) this.#askAboutLoss(inDoubt, false);
    else if (!fresh && request.unproven === true) {
      this.#standing = 'asking';
      events.push({ type: 'session-unproven' });
    } else this.#standing = 'settled';
  }

  /** The connection is over. */
  end(): void {
    this.#standing = 'none';
  }

  /** As in `Session`. */
  startEpoch(policy: 'redeliver' | 'drop'): readonly OutboundMessage[] {
    const { epoch, inbound, outbound } = this.#parts;
    if (!epoch.lost) throw invalidState('The session is not lost');
    epoch.setLost(false);
    inbound.qos2.startEpoch();
    const givenUp = outbound.startEpoch(policy);
    inbound.gate.open();
    // between connections the next CONNACK settles it
    if (this.asking) this.#standing = 'settled';
    return givenUp;
  }

  /** As in `Session`. */
  prove(question: MarkerQuestion): void {
    this.#checkUnproven();
    if (this.#belowVersion5) throw invalidState('Below 5.0 a session cannot be proven');
    const { requests, inbound } = this.#parts;
    this.#proof = new MarkerProof(question, (filter) => requests.unsubscribe([filter]));
    // after the question is written, which may throw: then it can be put once more
    inbound.gate.shut();
    inbound.qos2.proving();
    this.#standing = 'proving';
  }

  /** As in `Session`. */
  takeNew(): void {
    if (this.#standing === 'proving') this.#parts.inbound.gate.passNew();
  }

  /** As in `Session`. */
  trust(): void {
    this.#checkUnproven();
    this.#unverified = true;
    this.#standing = 'settled';
  }

  /** True when the answer was the proof that is awaited. */
  answered(answer: SubscriptionAnswerEvent): boolean {
    const proof = this.#proof;
    if (proof === undefined || !proof.answered(answer)) return false;
    if (!proof.complete) return true;
    this.#proof = undefined;
    this.#handleProof(proof.proof);
    return true;
  }

  #handleProof(proof: SessionProof): void {
    const { epoch, inbound, outbound, events } = this.#parts;
    if (proof === 'not-ours' || proof === 'went-back') {
      epoch.disproved();
      this.#askAboutLoss(outbound.inDoubt(), proof === 'went-back');
      return;
    }
    this.#unverified = proof === 'unknown';
    this.#standing = 'settled';
    events.push({ type: 'session-proven', proven: proof === 'ours' });
    // copies have their place before what the gate held back behind them
    inbound.qos2.proved();
    inbound.gate.open();
  }

  #askAboutLoss(inDoubt: readonly number[], wentBack: boolean): void {
    const { epoch, events } = this.#parts;
    this.#standing = 'asking';
    events.push({ type: 'session-lost', inDoubt, epoch: epoch.number, wentBack });
  }

  #checkUnproven(): void {
    if (!this.asking || this.#parts.epoch.lost) throw invalidState('There is no session to be proven');
  }
}
