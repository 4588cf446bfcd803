import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../../../errors/index.js';
import { makeWhole } from '../../../../internal/files/make-whole.js';
import { openOwnFile } from '../../../../internal/files/own-files.js';
import { makeStoreDirectory } from '../../../directory/store-directory.js';
import { corruptError, storageError } from '../../../storage-error.js';
import type { SnapshotBlobs } from '../../snapshot-blobs.js';
import { BlobSeal, SEAL_BYTES } from './blob-seal.js';

const NAMES = /^[\w-][\w.-]{0,199}$/;
/** In front of the name of a blob that is being written, which no name begins with. What a crash leaves of it means nothing. */
const UNFINISHED = '.';
const PIECE_BYTES = 1024 * 1024;

/** Blobs as files of a directory that this process owns, each with a seal at its end, which tells that it is what was put. */
export class FileBlobs implements SnapshotBlobs {
  readonly #directory: string;
  /** Of what is not finished: another process may put a blob of the same name at the same time. Each has its name when all of it is there. */
  readonly #unfinished: string;

  private constructor(directory: string, unfinished = '') {
    this.#directory = directory;
    this.#unfinished = unfinished;
  }

  /** @throws MillraceError STORE_FULL, STORAGE_FAILED */
  static async open(directory: string): Promise<FileBlobs> {
    await makeStoreDirectory(directory);
    await named(`cannot open ${directory}`, async () => {
      for (const file of await readdir(directory)) {
        if (file.startsWith(UNFINISHED)) await rm(join(directory, file), { force: true });
      }
    });
    return new FileBlobs(directory);
  }

  /** The same beside others that write there: what they have not finished stays. @throws as `open` */
  static async beside(directory: string): Promise<FileBlobs> {
    await makeStoreDirectory(directory);
    return new FileBlobs(directory, `.${randomBytes(4).toString('hex')}`);
  }

  /** Those of another owner, to be read: nothing is made or removed. */
  static of(directory: string): Pick<FileBlobs, 'get'> {
    return new FileBlobs(directory);
  }

  async put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(name);
    const unfinished = join(this.#directory, `${UNFINISHED}${name}${this.#unfinished}`);
    await named(`cannot write ${path}`, () => makeWhole(path, unfinished, (file) => writeSealed(file, slices)));
  }

  async *get(name: string): AsyncGenerator<Uint8Array, void> {
    const path = this.#pathOf(name);
    const file = await openBlob(path);
    try {
      const length = (await named(`cannot read ${path}`, () => file.stat())).size - SEAL_BYTES;
      const seal = new BlobSeal();
      for (let at = 0; at < length; ) {
        const piece = await readPiece(file, at, Math.min(PIECE_BYTES, length - at), path);
        seal.add(piece);
        at += piece.byteLength;
        yield piece;
      }
      const found = await readPiece(file, Math.max(0, length), SEAL_BYTES, path);
      if (!seal.bytes().equals(found)) throw corruptError(`${path} is not what was put there`);
    } finally {
      await file.close();
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    await named(`cannot remove ${path}`, () => rm(path, { force: true }));
  }

  list(): Promise<readonly string[]> {
    return named(`cannot list ${this.#directory}`, async () =>
      (await readdir(this.#directory)).filter((name) => NAMES.test(name)),
    );
  }

  #pathOf(name: string): string {
    if (NAMES.test(name)) return join(this.#directory, name);
    throw new MillraceError('INVALID_OPTIONS', `${JSON.stringify(name)} is no name for a blob`);
  }
}

async function writeSealed(file: FileHandle, slices: AsyncIterable<Uint8Array>): Promise<void> {
  const seal = new BlobSeal();
  for await (const slice of slices) {
    seal.add(slice);
    await file.writeFile(slice);
  }
  await file.writeFile(seal.bytes());
}

async function openBlob(path: string): Promise<FileHandle> {
  try {
    return await openOwnFile(path, constants.O_RDONLY);
  } catch (error) {
    if (Object(error).code === 'ENOENT') throw corruptError(`${path} is not there`, error);
    throw storageError(error, `cannot read ${path}`);
  }
}

async function readPiece(file: FileHandle, position: number, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await named(`cannot read ${path}`, () => file.read(bytes, 0, length, position));
  if (bytesRead === 0) throw corruptError(`${path} was cut short`);
  return bytes.subarray(0, bytesRead);
}

/** Errors of the file system as ours. */
async function named<T>(context: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storageError(error, context);
  }
}
