import type { SubscriptionAnswerEvent } from '../protocol/session/session-event.js';
import { sessionProof } from '../protocol/session/session-proof.js';
import type { SessionMarkers } from './session-record.js';
import { type BatchLimits, subscribeBatches } from './subscribe-batches.js';
import type { Resume, SubscribingSession } from './subscription-keeper.js';

/** Markers in store. One is used for each proof, and it takes as many crashes in a row, each amid a proof, to use all. */
const KEPT = 4;
/** So many connections in a row that ended with the SUBSCRIBE of markers unanswered say that the broker ends them because of it. */
const MOST_UNANSWERED = 5;
const PROBE = 0;
const HIGHEST_GRANT = 2;

/** A filter that nobody else has. Nothing is ever published to it. */
export const markerFilter = (nonce: string, index: number | 'none'): string => `millrace/session/${nonce}/${index}`;

/**
 * Keeps marker subscriptions in a 5.0 session, by which it can be proven to be ours (R5a). All are asked for on each connection: a
 * broker that crashed may have lost the newest. One that does not grant them, or does not tell a subscription it has from one it has
 * not, is found out at once: then there are none, and nothing is proven.
 */
export class MarkerKeeper {
  readonly #makeNonce: () => string;
  #markers: SessionMarkers | undefined;
  /** What the answers still awaited lead to. */
  #target: SessionMarkers | undefined;
  /** SUBSCRIBEs without their SUBACK. */
  readonly #subscribeIds = new Set<number>();
  #batches: BatchLimits = { filters: 1, bytes: 0 };
  #probeId = 0;
  #unanswered = 0;

  constructor(makeNonce: () => string) {
    this.#makeNonce = makeNonce;
  }

  /** `held`: what the session is proven to have; undefined: nothing. */
  begin(
    session: SubscribingSession,
    { version, batches }: Pick<Resume, 'version' | 'batches'>,
    held: SessionMarkers | undefined,
  ): void {
    if (this.#subscribeIds.size > 0) this.#unanswered += 1;
    this.#markers = undefined;
    this.#subscribeIds.clear();
    this.#batches = batches;
    this.#probeId = 0;
    if (version < 5 || this.#unanswered >= MOST_UNANSWERED) return;
    this.#markers = held;
    if (held === undefined) this.#make(session);
    else this.#refill(session, held);
  }

  /** True when the answer was to one of these requests. */
  answered({ packetId, reasonCodes }: SubscriptionAnswerEvent): boolean {
    if (this.#subscribeIds.delete(packetId)) {
      if (this.#subscribeIds.size === 0) this.#unanswered = 0;
      if (reasonCodes.some((code) => code > HIGHEST_GRANT)) this.#target = this.#markers;
    } else if (packetId === this.#probeId) {
      this.#probeId = 0;
      const [known, unknown] = reasonCodes;
      if (sessionProof(known) !== 'ours' || sessionProof(unknown) !== 'not-ours') this.#target = undefined;
    } else return false;
    if (this.settled) this.#markers = this.#target;
    return true;
  }

  get settled(): boolean {
    return this.#subscribeIds.size === 0 && this.#probeId === 0;
  }

  /** What the session has, once settled. */
  get markers(): SessionMarkers | undefined {
    return this.#markers;
  }

  #make(session: SubscribingSession): void {
    const nonce = this.#makeNonce();
    this.#target = { nonce, next: PROBE + 1, end: PROBE + 1 + KEPT };
    this.#subscribe(session, { nonce, from: PROBE, to: this.#target.end });
    this.#probeId = session.unsubscribe([markerFilter(nonce, PROBE), markerFilter(nonce, 'none')]);
  }

  #refill(session: SubscribingSession, held: SessionMarkers): void {
    this.#target = { ...held, end: held.next + KEPT };
    this.#subscribe(session, { nonce: held.nonce, from: held.next, to: this.#target.end });
  }

  #subscribe(
    session: SubscribingSession,
    { nonce, from, to }: { readonly nonce: string; readonly from: number; readonly to: number },
  ): void {
    const indexes = Array.from({ length: to - from }, (_, offset) => from + offset);
    const requests = indexes.map(
      (index) => ({ filter: markerFilter(nonce, index), qos: 0, retainHandling: 2 }) as const,
    );
    for (const batch of subscribeBatches(requests, ({ filter }) => filter, this.#batches)) {
      this.#subscribeIds.add(session.subscribe(batch));
    }
  }
}
