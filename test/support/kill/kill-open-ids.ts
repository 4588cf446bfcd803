import type { SeenFrame } from '../proxy/chaos-proxy.js';

/**
 * Watches the packet ids of a publisher at QoS 2 over all connections of its session: an id is open from its PUBLISH until the
 * PUBCOMP (or a refusing PUBREC) that reached the publisher, and no new message may have it until then (F13).
 */
export class OpenIds {
  /** New messages under an id that was open, as text. */
  readonly reused: string[] = [];
  /** Messages that were published for the first time. */
  published = 0;
  readonly #open = new Set<number>();

  /** Takes what a proxy saw, in order. */
  take(frames: Iterable<SeenFrame>): void {
    for (const frame of frames) {
      const { packetId } = frame;
      if (packetId === undefined) continue;
      if (frame.from === 'client' && frame.type === 'publish') this.#publish(packetId, frame);
      else if (frame.from === 'server' && frame.forwarded && isEnd(frame)) this.#open.delete(packetId);
    }
  }

  #publish(packetId: number, { dup, connection }: SeenFrame): void {
    if (!dup) {
      this.published += 1;
      if (this.#open.has(packetId)) this.reused.push(`id ${packetId} on connection ${connection}`);
    }
    this.#open.add(packetId);
  }
}

function isEnd({ type, reasonCode = 0 }: SeenFrame): boolean {
  return type === 'pubcomp' || (type === 'pubrec' && reasonCode >= 0x80);
}
