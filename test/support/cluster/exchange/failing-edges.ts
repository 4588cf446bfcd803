import type { EdgeAddress, EdgeListener, Edges } from '../../../../src/cluster/exchange/edges.js';
import { MemoryEdges } from '../../../../src/cluster/memory/memory-edges.js';
import { MillraceError } from '../../../../src/errors/index.js';

/** Edges in memory, which the servers can end. */
export class FailingEdges implements Edges {
  readonly maxMessageBytes: number;
  readonly #edges: MemoryEdges;
  readonly #listeners = new Set<EdgeListener>();

  constructor(maxMessageBytes?: number) {
    this.#edges = new MemoryEdges(maxMessageBytes);
    this.maxMessageBytes = this.#edges.maxMessageBytes;
  }

  publish(to: EdgeAddress, message: Uint8Array): void {
    this.#edges.publish(to, message);
  }

  async subscribe(at: EdgeAddress, listener: EdgeListener): Promise<() => void> {
    const end = await this.#edges.subscribe(at, listener);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      end();
    };
  }

  fail(): void {
    const error = new MillraceError('NOT_AUTHORIZED', 'the servers take the right away');
    for (const listener of this.#listeners) listener.onFailed(error);
  }
}
