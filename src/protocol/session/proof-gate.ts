import { protocolError } from '../codec/refusal.js';
import type { PublishPacket } from '../packet.js';

/** Bytes that may wait until a session is proven; above, those with new ids are taken, and more than that ends the connection. */
const HELD_BYTES = 16 * 1024 * 1024;
/** What a message takes besides its payload. */
const HELD_OVERHEAD = 256;

/** A message that waits. Its topic alias is resolved. */
export interface HeldPublish {
  readonly packet: PublishPacket;
  readonly topic: string;
}

/**
 * Holds the messages of a connection back while its session is being proven (R14b, R5a). `shut`: all wait, for what a session that went
 * back (R5c) hands over was handed over before. `new`: the server is slow to answer, and those whose ids are not known pass; they are
 * new whosever session it is. `open`: it is settled.
 */
export class ProofGate {
  readonly #isKnown: (packetId: number) => boolean;
  #passing: 'shut' | 'new' | 'open' = 'open';
  #held: HeldPublish[] = [];
  #bytes = 0;
  #due = false;

  /** `isKnown`: the id is that of a QoS 2 message of an earlier connection (R2). */
  constructor(isKnown: (packetId: number) => boolean) {
    this.#isKnown = isKnown;
  }

  passes(packet: PublishPacket): boolean {
    return this.#passing === 'open' || !this.#mustWait(packet);
  }

  /** `takeDue` gives it when it passes. True: its id is known, so that it has its place in the order of PUBRECs already. Throws PROTOCOL_ERROR. */
  hold(packet: PublishPacket, topic: string): boolean {
    this.#held.push({ packet, topic });
    this.#bytes += packet.payload.byteLength + HELD_OVERHEAD;
    const isKnown = this.#passing === 'new' && packet.qos === 2;
    if (this.#bytes <= HELD_BYTES) return isKnown;
    if (this.#passing === 'new') throw protocolError(`more than ${HELD_BYTES} bytes before the session was proven`);
    this.passNew();
    return isKnown;
  }

  shut(): void {
    this.#passing = 'shut';
    this.#bytes = 0;
  }

  passNew(): void {
    this.#passing = 'new';
    this.#due = true;
  }

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

  #mustWait({ qos, packetId }: PublishPacket): boolean {
    return this.#passing === 'shut' || (qos > 0 && this.#isKnown(packetId));
  }
}
