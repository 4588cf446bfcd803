import type { SubscriptionAnswerEvent } from '../session-event.js';
import { type MarkerQuestion, type SessionProof, sessionProof } from './session-proof.js';

/**
 * A question and its answers. Each filter has an UNSUBSCRIBE of its own, all at once: rumqttd 0.20 answers with one code, however many
 * filters it was asked for.
 */
export class MarkerProof {
  /** Packet ids, in the order of the filters. */
  readonly #held: readonly number[];
  readonly #gone: readonly number[];
  readonly #codes = new Map<number, number | undefined>();

  /** `unsubscribe` sends it and gives its packet id. */
  constructor(question: MarkerQuestion, unsubscribe: (filter: string) => number) {
    this.#held = question.held.map(unsubscribe);
    this.#gone = question.gone.map(unsubscribe);
  }

  /** True when the answer was to one of these. */
  answered({ packetId, reasonCodes }: SubscriptionAnswerEvent): boolean {
    if (!this.#held.includes(packetId) && !this.#gone.includes(packetId)) return false;
    this.#codes.set(packetId, reasonCodes[0]);
    return true;
  }

  /** Nothing is awaited any more. */
  get complete(): boolean {
    return this.#codes.size === this.#held.length + this.#gone.length;
  }

  /** Once complete. */
  get proof(): SessionProof {
    return sessionProof(
      this.#held.map((id) => this.#codes.get(id)),
      this.#gone.map((id) => this.#codes.get(id)),
    );
  }
}
