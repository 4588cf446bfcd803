import { protocolError } from '../../codec/protocol-error.js';
import { heldBytes } from '../../held-bytes.js';
import type { PublishPacket } from '../../packet.js';

/**
 * Bytes (`heldBytes`) that may wait until a session is proven. Above, those with new ids are taken and copies of known ones wait without
 * what is in them; above twice that the connection ends.
 */
const HELD_BYTES = 16 * 1024 * 1024;
/** The payload of a copy that was let go. */
const LET_GO = new Uint8Array(0);

/** What is known of unfinished QoS 2 messages. */
export interface KnownMessages {
  /** The id is that of one of an earlier connection (R2), and the message may be that one. */
  isKnown(packet: PublishPacket, topic: string): boolean;
  /** Of one of them (R2a). */
  isCopy(packet: PublishPacket, topic: string): boolean;
}

/** A message that waits. Its topic alias is resolved. */
export interface HeldPublish {
  /** Without its payload where that was let go: see `isBare`. */
  readonly packet: PublishPacket;
  readonly topic: string;
}

/**
 * Whether what was in a message was let go while it waited. A copy of what we have needs none of it; should its id turn out to mean a new
 * message, that one comes again on the next connection, since nothing has answered it.
 */
export function isBare({ payload }: PublishPacket): boolean {
  return payload === LET_GO;
}

/**
 * Holds the messages of a connection back while its session is being proven (R14b, R5a). `shut`: all wait, for what a session that went
 * back (R5c) hands over was handed over before. `new`: the server is slow to answer, and those whose ids are not known pass; they are
 * new whosever session it is. `open`: it is settled.
 */
export class ProofGate {
  readonly #known: KnownMessages;
  #passing: 'shut' | 'new' | 'open' = 'open';
  #held: HeldPublish[] = [];
  #bytes = 0;
  #due = false;

  constructor(known: KnownMessages) {
    this.#known = known;
  }

  /** Whether a message is for its flow now; else it is to be given to `hold`. */
  passes(packet: PublishPacket, topic: string): boolean {
    if (this.#passing !== 'new') return this.#passing === 'open';
    return packet.qos === 0 || !this.#known.isKnown(packet, topic);
  }

  /**
   * `takeDue` gives it when it passes. True: its id is known, so that it has its place in the order of PUBRECs already. Throws
   * PROTOCOL_ERROR.
   */
  hold(packet: PublishPacket, topic: string): boolean {
    const isKnown = this.#passing === 'new' && packet.qos === 2;
    const letGo = isKnown && this.#bytes > HELD_BYTES && this.#known.isCopy(packet, topic);
    const waiting = letGo ? bare(packet) : packet;
    this.#held.push({ packet: waiting, topic: isBare(waiting) ? '' : topic });
    this.#bytes += heldBytes(waiting);
    if (this.#bytes <= HELD_BYTES) return isKnown;
    if (this.#passing !== 'new') this.passNew();
    else if (this.#bytes > 2 * HELD_BYTES + waiting.payload.byteLength) {
      throw protocolError(`more than ${2 * HELD_BYTES} bytes before the session was proven`);
    }
    return isKnown;
  }

  /** A question is asked. */
  shut(): void {
    this.#passing = 'shut';
    this.#bytes = 0;
  }

  /** The server is slow, or too much waits: all of it is due to be looked at again. */
  passNew(): void {
    this.#passing = 'new';
    this.#due = true;
  }

  /** The answer has come, or the owner has decided. */
  open(): void {
    this.#passing = 'open';
    this.#due = true;
  }

  /** The connection is gone, and what came on it comes again on the next. */
  reset(): void {
    this.#passing = 'open';
    this.#held = [];
    this.#due = false;
  }

  /** What has waited and is to be looked at again, in order; nothing when nothing has changed. */
  takeDue(): readonly HeldPublish[] {
    if (!this.#due) return [];
    const held = this.#held;
    this.#due = false;
    this.#held = [];
    this.#bytes = 0;
    return held;
  }
}

function bare({ type, qos, retain, dup, packetId }: PublishPacket): PublishPacket {
  return { type, topic: '', payload: LET_GO, qos, retain, dup, packetId };
}
