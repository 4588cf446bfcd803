import type { EdgeAddress, EdgeListener, Edges } from '../exchange/edges.js';

/** Edges within this process: nothing is lost. */
export class MemoryEdges implements Edges {
  readonly maxMessageBytes: number;
  readonly #listeners = new Map<string, Set<EdgeListener>>();

  constructor(maxMessageBytes = 64 * 1024) {
    this.maxMessageBytes = maxMessageBytes;
  }

  publish(to: EdgeAddress, message: Uint8Array): void {
    const bytes = message.slice();
    queueMicrotask(() => {
      for (const listener of this.#at(to)) listener.onMessage(bytes);
    });
  }

  async subscribe(at: EdgeAddress, listener: EdgeListener): Promise<() => void> {
    const listeners = this.#at(at);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  #at({ exchange, kind, partition }: EdgeAddress): Set<EdgeListener> {
    const key = `${kind} ${partition} ${exchange}`;
    const known = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, known);
    return known;
  }
}
