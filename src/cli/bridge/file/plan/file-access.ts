import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Reads what a bridge file names. Relative paths begin where the file is. */
export class FileAccess {
  readonly #folder: string;

  constructor(bridgeFile: string) {
    this.#folder = dirname(resolve(bridgeFile));
  }

  pathOf(path: string): string {
    return resolve(this.#folder, path);
  }

  /** The content, or why it cannot be read. */
  read(path: string): Uint8Array | string {
    try {
      return readFileSync(this.pathOf(path));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      return { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'it is a directory' }[code] ?? code;
    }
  }

  /** Whether users other than its owner may read it. */
  isReadByOthers(path: string): boolean {
    return ((statSync(this.pathOf(path), { throwIfNoEntry: false })?.mode ?? 0) & 0o044) !== 0;
  }
}
