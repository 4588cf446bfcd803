import { corruptError } from '../../storage-error.js';
import type { BlobListing, SnapshotBlobs } from '../snapshot-blobs.js';

interface Blob {
  readonly bytes: Uint8Array;
  readonly finished: number;
}

/** Blobs in memory, for tests. They last as long as this object. */
export class MemoryBlobs implements SnapshotBlobs {
  readonly #blobs = new Map<string, Blob>();

  async put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes: Uint8Array[] = [];
    for await (const slice of slices) bytes.push(new Uint8Array(slice));
    this.#blobs.set(name, { bytes: Buffer.concat(bytes), finished: performance.now() });
  }

  async *get(name: string): AsyncGenerator<Uint8Array, void> {
    const blob = this.#blobs.get(name);
    if (blob === undefined) throw corruptError(`there is no blob ${name} in memory`);
    yield new Uint8Array(blob.bytes);
  }

  async remove(name: string): Promise<void> {
    this.#blobs.delete(name);
  }

  async list(): Promise<readonly BlobListing[]> {
    const now = performance.now();
    return [...this.#blobs].map(([name, { finished }]) => ({ name, ageMs: now - finished }));
  }
}
