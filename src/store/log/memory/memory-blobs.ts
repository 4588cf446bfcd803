import { corruptError } from '../../storage-error.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';

/** Blobs in memory, for tests. They last as long as this object. */
export class MemoryBlobs implements SnapshotBlobs {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes: Uint8Array[] = [];
    for await (const slice of slices) bytes.push(new Uint8Array(slice));
    this.#blobs.set(name, Buffer.concat(bytes));
  }

  async *get(name: string): AsyncGenerator<Uint8Array, void> {
    const blob = this.#blobs.get(name);
    if (blob === undefined) throw corruptError(`there is no blob ${name} in memory`);
    yield new Uint8Array(blob);
  }

  async remove(name: string): Promise<void> {
    this.#blobs.delete(name);
  }

  async list(): Promise<readonly string[]> {
    return [...this.#blobs.keys()];
  }
}
