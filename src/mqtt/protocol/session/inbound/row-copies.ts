import type { PublishPacket } from '../../packet.js';
import { messageDigest, NO_DIGEST } from '../finished/message-digest.js';
import type { MessageDigests } from '../finished/message-digests.js';
import { isBare } from '../proof/proof-gate.js';
import type { InboundMessage, InboundRows } from './inbound-rows.js';

/** With more unfinished messages than this a counter of ids may have come round. */
const HALF_OF_IDS = 32_767;
/** With more, an id that is in use is taken from the message that has it. */
const MOST_UNFINISHED = 4 * 65_535;

/**
 * R2a, R2c: which unfinished message a PUBLISH with DUP 1 is a copy of. An id alone does not say it: mosquitto 2.0.11 hands out more than
 * 65535 messages of a backlog before it has finished the first, and gives ids twice. The invariants:
 * CO1. A copy has the bytes of the message, or those are not known. What has others is another message, and is not swallowed.
 * CO2. With each id one digest is stored: of the first of its messages whose PUBREL has not come. A commit has forgotten those before it
 *      (R3), and may not have those behind it yet.
 */
export class RowCopies {
  readonly #rows: InboundRows;
  readonly #digests: MessageDigests;

  constructor(rows: InboundRows, digests: MessageDigests) {
    this.#rows = rows;
    this.#digests = digests;
  }

  /** The id is that of a message of an earlier connection (R2), and this may be that message. */
  isKnown(packet: PublishPacket, topic: string): boolean {
    return this.#rows.isOfEarlier(packet.packetId) && (!this.cameRound || this.isCopy(packet, topic));
  }

  /** Of a message that is not finished, as far as can be told. */
  isCopy(packet: PublishPacket, topic: string): boolean {
    return this.rowOf(packet, topic) !== undefined;
  }

  /** Undefined for what is no copy of an unfinished message. */
  rowOf(packet: PublishPacket, topic: string): InboundMessage | undefined {
    const first = this.#rows.get(packet.packetId);
    // what was let go while it waited was a copy
    if (first === undefined || !packet.dup || isBare(packet)) return packet.dup ? first : undefined;
    const row = withDigest(first, messageDigest(packet, topic));
    // a rejected one (R22) is told by all its bytes, of which the Message Expiry Interval may change
    return row ?? (packet.rejection === undefined || this.cameRound ? undefined : first);
  }

  /**
   * So many messages are unfinished that the server may have used up its ids. Then an id that is in use and comes for another message is
   * no sign of a lost session.
   */
  get cameRound(): boolean {
    return this.#rows.size > HALF_OF_IDS && this.#rows.size < MOST_UNFINISHED;
  }

  /** CO2, after a message with this id came or was released. */
  keepDigest(packetId: number): void {
    const first = this.#rows.get(packetId);
    if (first?.next === undefined) return;
    this.#digests.set(packetId, first.stage === 'releasing' ? first.next.digest : first.digest);
  }
}

/** Of the messages of an id the one that has this digest; else one whose digest is not known. */
function withDigest(first: InboundMessage, digest: number): InboundMessage | undefined {
  let unknown: InboundMessage | undefined;
  for (let row: InboundMessage | undefined = first; row !== undefined; row = row.next) {
    if (row.digest === digest) return row;
    if (row.digest === NO_DIGEST) unknown ??= row;
  }
  return unknown;
}
