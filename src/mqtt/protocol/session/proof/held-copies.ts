import { protocolError } from '../../codec/protocol-error.js';
import type { PublishPacket } from '../../packet.js';
import { PARKED_BYTES } from '../present/packet-boundary.js';

/** A copy that waits until the session is proven. Its topic alias is resolved. */
export interface HeldCopy {
  /** As it came, with its id. */
  readonly packet: PublishPacket;
  /** The full one: the alias is resolved. */
  readonly topic: string;
}

/** While a session is being proven: what came again of the one that it may not be, so that nothing of it is answered. */
export class HeldCopies {
  #held: HeldCopy[] | undefined;
  #bytes = 0;

  /** Copies are to be held. */
  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** From now on. */
  start(): void {
    this.#held ??= [];
  }

  /** Throws PROTOCOL_ERROR when too much waits. */
  hold(packet: PublishPacket, topic: string): void {
    this.#held?.push({ packet, topic });
    this.#bytes += packet.payload.byteLength;
    if (this.#bytes > PARKED_BYTES) {
      throw protocolError(`more than ${PARKED_BYTES} bytes sent again before the session was proven`);
    }
  }

  /** Those that are held, in order; no more are. */
  take(): readonly HeldCopy[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#bytes = 0;
    return held;
  }
}
