import { constants, writev } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { checkInPlace, type FileIdentity, identityOf } from '../../directory/file-identity.js';

/** On Linux each write is durable when it returns: one call of the system for what are two elsewhere. */
const WRITES_THROUGH = process.platform === 'linux';
const FLAGS = constants.O_RDWR | (WRITES_THROUGH ? constants.O_DSYNC : 0);

/** How often a write looks whether its file is in its place, in milliseconds: a thousand looks a second would be some per cent of a busy process. */
export const UNLOOKED_MS = 100;

/** Writes to the segment at the end of a log. */
export class SegmentWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #identity: FileIdentity | undefined;
  /** Up to where the last write came. */
  #written = 0;
  /** From then on a write looks whether the file is in its place. */
  #lookAt = 0;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
    this.#identity = identityOf(path);
  }

  /** @param path it is there */
  static async open(path: string): Promise<SegmentWriter> {
    return new SegmentWriter(await openOwnFile(path, FLAGS), path);
  }

  /**
   * Writes pieces one behind the other. Resolves when they are durable, under a name that led to them `UNLOOKED_MS` ago, or later.
   * @throws MillraceError STORE_FENCED when the file was removed or replaced; errors of the file system
   */
  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    let left = pieces;
    let at = offset;
    while (left.length > 0) {
      const bytes = await this.#writeSome(left, at);
      at += bytes;
      this.#written = at;
      left = behind(left, bytes);
    }
    if (!WRITES_THROUGH) await this.#file.datasync();
    this.#look(performance.now());
  }

  /** @throws MillraceError STORE_FENCED when the file was removed or replaced */
  checkInPlace(): void {
    checkInPlace(this.place);
  }

  /** Which file it writes to. */
  get place(): { readonly path: string; readonly identity: FileIdentity | undefined } {
    return { path: this.#path, identity: this.#identity };
  }

  /** Zeros from one offset up to another, durably: what was there is gone. */
  async erase(from: number, to: number): Promise<void> {
    if (to > from) await this.write([Buffer.alloc(to - from)], from);
  }

  /** Erases from there on what a write that failed may have written. */
  async eraseWritten(from: number): Promise<void> {
    await this.erase(from, this.#written);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** By a callback: the promises of a `FileHandle` are a good part of what a small write costs. */
  #writeSome(pieces: readonly Uint8Array[], offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#file.fd, pieces, offset, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
    });
  }

  #look(now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + UNLOOKED_MS;
    this.checkInPlace();
  }
}

/** What is left of pieces behind so many bytes: the system may write a part alone. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [index, piece] of pieces.entries()) {
    if (skipped + piece.byteLength > bytes) return [piece.subarray(bytes - skipped), ...pieces.slice(index + 1)];
    skipped += piece.byteLength;
  }
  return [];
}
