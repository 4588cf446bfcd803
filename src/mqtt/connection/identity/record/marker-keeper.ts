import type { SubscriptionRequest } from '../../../protocol/packet.js';
import type { ProtocolVersion } from '../../../protocol/protocol-version.js';
import { MarkerProof } from '../../../protocol/session/proof/marker-proof.js';
import type { SessionProof } from '../../../protocol/session/proof/session-proof.js';
import type { SubscriptionAnswerEvent } from '../../../protocol/session/session-event.js';
import { type BatchLimits, subscribeBatches } from '../../subscriptions/subscribe-batches.js';
import type { Resume, SubscribingSession } from '../../subscriptions/subscription-keeper.js';
import { KEPT, markerFilter, type SessionMarkers } from './session-markers.js';

/** So many connections in a row that ended with something about markers unanswered say that the broker ends them because of it. */
const MOST_UNANSWERED = 5;
const PROBE = 0;
const HIGHEST_GRANT = 2;

/** Whether the broker tells a subscription it has from one it has not. */
interface Probe {
  readonly proof: MarkerProof;
  readonly expected: SessionProof;
}

const ask = (session: SubscribingSession, filter: string): MarkerProof =>
  new MarkerProof({ held: [filter], gone: [] }, (name) => session.unsubscribe([name]));

const isDisappointed = ({ proof, expected }: Probe): boolean => proof.complete && proof.proof !== expected;

/**
 * Keeps marker subscriptions in a 5.0 session, by which it can be verified to be ours, and of now (R5a, R5c). All are asked for on each
 * connection: a broker that crashed may have lost the newest. One that does not grant them, or does not tell a subscription it has from one
 * it has not, is found out at once: then there are none, and nothing is verified.
 */
export class MarkerKeeper {
  readonly #makeNonce: () => string;
  readonly #hold: string | undefined;
  #holds = true;
  #markers: SessionMarkers | undefined;
  /** What the answers still awaited lead to. */
  #target: SessionMarkers | undefined;
  /** SUBSCRIBEs without their SUBACK. */
  readonly #subscribeIds = new Set<number>();
  #batches: BatchLimits = { filters: 1, bytes: 0 };
  #probes: readonly Probe[] = [];
  #unanswered = 0;
  #version: ProtocolVersion = 5;

  /** `hold`: the filter that holds a session without other subscriptions below 5.0, where there are no markers (R5e). */
  constructor(makeNonce: () => string, hold?: string) {
    this.#makeNonce = makeNonce;
    this.#hold = hold;
  }

  /** `held`: what the session is verified to have; undefined: nothing. */
  begin(
    session: SubscribingSession,
    { version, batches }: Pick<Resume, 'version' | 'batches'>,
    held: SessionMarkers | undefined,
  ): void {
    if (!this.settled) this.#unanswered += 1;
    this.#markers = undefined;
    this.#subscribeIds.clear();
    this.#batches = batches;
    this.#version = version;
    this.#probes = [];
    this.#target = undefined;
    if (this.#unanswered >= MOST_UNANSWERED) return;
    if (version < 5) {
      if (this.#hold !== undefined) this.#subscribe(session, [this.#hold]);
      return;
    }
    this.#markers = held;
    if (held === undefined) this.#make(session);
    else this.#refill(session, held);
  }

  /** True when the answer was to one of these requests. */
  answered(answer: SubscriptionAnswerEvent): boolean {
    const { packetId, reasonCodes } = answer;
    if (this.#subscribeIds.delete(packetId)) {
      this.#holds = reasonCodes.some((code) => code <= HIGHEST_GRANT);
      if (reasonCodes.some((code) => code > HIGHEST_GRANT)) this.#target = this.#markers;
    } else if (!this.#probes.some(({ proof }) => proof.answered(answer))) return false;
    if (this.#probes.some(isDisappointed)) this.#target = undefined;
    if (this.settled) {
      this.#unanswered = 0;
      this.#markers = this.#target;
    }
    return true;
  }

  get settled(): boolean {
    return this.#subscribeIds.size === 0 && this.#probes.every(({ proof }) => proof.complete);
  }

  /** A subscription of the last SUBSCRIBE was granted, so that it holds the session. */
  get holds(): boolean {
    return this.#holds;
  }

  /** What the session has, once settled. */
  get markers(): SessionMarkers | undefined {
    return this.#markers;
  }

  #make(session: SubscribingSession): void {
    const nonce = this.#makeNonce();
    this.#target = { nonce, next: PROBE + 1, end: PROBE + 1 + KEPT, gone: [PROBE] };
    this.#subscribe(session, filtersOf(this.#target, PROBE));
    this.#probes = [
      { proof: ask(session, markerFilter(nonce, PROBE)), expected: 'ours' },
      { proof: ask(session, markerFilter(nonce, 'none')), expected: 'not-ours' },
    ];
  }

  #refill(session: SubscribingSession, held: SessionMarkers): void {
    this.#target = { ...held, end: held.next + KEPT };
    this.#subscribe(session, filtersOf(this.#target, held.next));
  }

  /** At QoS 1, below which some brokers keep no session for a subscription. */
  #subscribe(session: SubscribingSession, filters: readonly string[]): void {
    for (const batch of subscribeBatches(filters, (filter) => filter, this.#batches)) {
      this.#subscribeIds.add(session.subscribe(batch.map((filter) => this.#requestOf(filter))));
    }
  }

  #requestOf(filter: string): SubscriptionRequest {
    return this.#version < 5 ? { filter, qos: 1 } : { filter, qos: 1, retainHandling: 2 };
  }
}

const filtersOf = ({ nonce, end }: SessionMarkers, from: number): readonly string[] =>
  Array.from({ length: end - from }, (_, offset) => markerFilter(nonce, from + offset));
