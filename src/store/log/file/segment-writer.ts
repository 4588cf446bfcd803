import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { checkInPlace, type FileIdentity, identityOf } from '../../directory/file-identity.js';

/** On Linux each write is durable when it returns: one call of the system for what are two elsewhere. */
const WRITES_THROUGH = process.platform === 'linux';
const FLAGS = constants.O_RDWR | (WRITES_THROUGH ? constants.O_DSYNC : 0);

/** Writes to the segment at the end of a log. */
export class SegmentWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #identity: FileIdentity | undefined;

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
   * Writes pieces one behind the other. Resolves when they are durable, under a name that still leads to them.
   * @throws MillraceError STORE_FENCED when the file was removed or replaced; errors of the file system
   */
  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    let left = pieces;
    let at = offset;
    while (left.length > 0) {
      const { bytesWritten } = await this.#file.writev([...left], at);
      at += bytesWritten;
      left = behind(left, bytesWritten);
    }
    if (!WRITES_THROUGH) await this.#file.datasync();
    checkInPlace({ path: this.#path, identity: this.#identity });
  }

  /** Makes the file so long, and that durable: what was behind is gone. */
  async cut(length: number): Promise<void> {
    await this.#file.truncate(length);
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
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
