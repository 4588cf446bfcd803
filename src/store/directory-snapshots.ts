import { join } from 'node:path';
import { isThere } from '../internal/files/is-there.js';
import { makeStoreDirectory } from './directory/store-directory.js';
import { FileBlobs } from './log/file/blobs/file-blobs.js';
import type { SnapshotBlobs } from './log/snapshot-blobs.js';
import { corruptError } from './storage-error.js';

/** In a directory of stores; the names of jobs' directories begin otherwise. */
export const SNAPSHOTS = 'snapshots';

/** Exported snapshots in a directory of stores. It is made with the first of them. */
export class DirectorySnapshots implements SnapshotBlobs {
  readonly #location: string;
  readonly #directory: string;
  readonly #isOwner: boolean;
  #blobs: Promise<FileBlobs> | undefined;

  /** @param isOwner what an earlier process has left unfinished is removed */
  constructor(location: string, isOwner: boolean) {
    this.#location = location;
    this.#directory = join(location, SNAPSHOTS);
    this.#isOwner = isOwner;
  }

  async put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void> {
    await (await this.#opened()).put(name, slices);
  }

  async *get(name: string): AsyncGenerator<Uint8Array, void> {
    if (!(await isThere(this.#directory))) throw corruptError(`${this.#directory} is not there`);
    yield* (await this.#opened()).get(name);
  }

  async remove(name: string): Promise<void> {
    if (await isThere(this.#directory)) await (await this.#opened()).remove(name);
  }

  async list(): Promise<readonly string[]> {
    return (await isThere(this.#directory)) ? (await this.#opened()).list() : [];
  }

  #opened(): Promise<FileBlobs> {
    this.#blobs ??= this.#open();
    this.#blobs.catch(() => {
      this.#blobs = undefined;
    });
    return this.#blobs;
  }

  async #open(): Promise<FileBlobs> {
    await makeStoreDirectory(this.#location);
    return this.#isOwner ? FileBlobs.open(this.#directory) : FileBlobs.beside(this.#directory);
  }
}
