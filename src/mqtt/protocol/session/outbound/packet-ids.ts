import { MillraceError } from '../../../../errors/index.js';
import { PUBLISH_IDS, packetIdOf } from './outbound-window.js';

/** The ids of SUBSCRIBE and UNSUBSCRIBE: those between the messages' own and their spare ones. */
export const REQUEST_IDS = { first: PUBLISH_IDS + 1, last: 62_535 } as const;
/** The spare ones, which end at the last id there is. */
const FIRST_SPARE_ID = REQUEST_IDS.last + 1;
/** How many ids may be burnt in one session. */
export const MOST_BURNT = 65_535 - REQUEST_IDS.last;

/**
 * The packet ids of outbound messages. An id is burnt when its QoS 2 message is given up without an answer (R20a): the server may
 * hold that message half-done, and would take the next one under this id for a copy of it. Every later message whose id it would
 * be has a spare one, until the session ends. The order in which ids were burnt says which: a spare one may be burnt, too.
 */
export class PacketIds {
  /** Ids less one, in the order of their burning. */
  #burnt: number[];
  /** The spare id of each. */
  readonly #spare = new Map<number, number>();

  constructor(burnt: readonly number[]) {
    this.#burnt = [...burnt];
    this.#burnt.forEach((residue, index) => {
      this.#spare.set(residue, FIRST_SPARE_ID + index);
    });
  }

  /** As the constructor takes them. */
  get burnt(): readonly number[] {
    return this.#burnt;
  }

  /** Its own (R8), or the spare one where that is burnt. */
  of(seq: number): number {
    if (this.#spare.size === 0) return packetIdOf(seq);
    return this.#spare.get(seq % PUBLISH_IDS) ?? packetIdOf(seq);
  }

  /** The id that the message with this one would have if none were burnt; 0 when no message has it. */
  originOf(packetId: number): number {
    if (this.#spare.size === 0) return packetId;
    const residue = packetId <= PUBLISH_IDS ? packetId - 1 : this.#burnt[packetId - FIRST_SPARE_ID];
    return residue !== undefined && this.of(residue) === packetId ? residue + 1 : 0;
  }

  /** The id of this message is not to be used again. @throws MillraceError PUBLISH_REFUSED when no spare one is left */
  burn(seq: number): void {
    if (this.#burnt.length >= MOST_BURNT) throw noneLeft();
    const residue = seq % PUBLISH_IDS;
    this.#spare.set(residue, FIRST_SPARE_ID + this.#burnt.length);
    this.#burnt.push(residue);
  }

  /** A new session: the server knows none of them. */
  clear(): void {
    this.#burnt = [];
    this.#spare.clear();
  }
}

function noneLeft(): MillraceError {
  return new MillraceError(
    'PUBLISH_REFUSED',
    `the broker closed at ${MOST_BURNT} messages of one session without an answer: there is no packet id left that it cannot hold half-done`,
    {
      advice:
        'See the dead letters for what it does not take. A new session, under another client id, has all ids again.',
    },
  );
}
