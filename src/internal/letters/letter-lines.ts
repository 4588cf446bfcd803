import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { MillraceError } from '../../errors/millrace-error.js';
import { openOwnFile } from '../files/own-files.js';

/** A line of a file of dead letters, and where it stands. */
export interface LetterLine {
  /** From 1. */
  readonly number: number;
  /** Of its first byte. */
  readonly offset: number;
  /** Behind its line break. */
  readonly end: number;
  /** Without the line break. */
  readonly bytes: Buffer;
}

/** Where to begin. */
export interface LetterPlace {
  /** Behind a line that was read before. */
  readonly offset: number;
  /** Of that line. */
  readonly number: number;
  /** Of a line; default: that of a letter with the largest payload. */
  readonly mostBytes?: number;
}

const NEW_LINE = 10;
const CHUNK_BYTES = 256 * 1024;
/** A payload is at most 256 MB, and stands there in base64. */
const MOST_LINE_BYTES = 400 * 1024 * 1024;

/**
 * Reads a file of lines one by one, beside who appends to it. A last line without its end is still being written, or a crash has torn it: it is
 * none.
 */
export class LetterLines implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #mostBytes: number;
  #number: number;
  /** Of the next line. */
  #offset: number;
  /** What was read from there on. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(file: FileHandle, path: string, { offset, number, mostBytes = MOST_LINE_BYTES }: LetterPlace) {
    this.#file = file;
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#offset = offset;
    this.#number = number;
  }

  /**
   * @throws MillraceError INVALID_OPTIONS for what is no regular file of ours (a link, for instance), or is not there
   */
  static async open(path: string, from: LetterPlace = { offset: 0, number: 0 }): Promise<LetterLines> {
    try {
      return new LetterLines(await openOwnFile(path, constants.O_RDONLY), path, from);
    } catch (error) {
      if (Object(error).code !== 'ENOENT') throw error;
      throw new MillraceError('INVALID_OPTIONS', `there is no file ${path}`);
    }
  }

  /** The next line; undefined where none is whole: another may come later. */
  async next(): Promise<LetterLine | undefined> {
    let searched = 0;
    while (true) {
      const at = this.#rest.indexOf(NEW_LINE, searched);
      if (at >= 0 && at <= this.#mostBytes) return this.#take(at);
      searched = this.#rest.byteLength;
      if (searched > this.#mostBytes) {
        throw new MillraceError('INVALID_OPTIONS', `${this.#path} has a line of more than ${this.#mostBytes} bytes`, {
          advice: 'It is no file of dead letters: look at its name.',
        });
      }
      if (!(await this.#readMore())) return undefined;
    }
  }

  /** What stands behind the last whole line. */
  async tail(): Promise<Buffer> {
    while (await this.#readMore());
    return this.#rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #take(at: number): LetterLine {
    const bytes = this.#rest.subarray(0, at);
    const offset = this.#offset;
    this.#rest = this.#rest.subarray(at + 1);
    this.#offset += at + 1;
    this.#number += 1;
    return { number: this.#number, offset, end: this.#offset, bytes };
  }

  async #readMore(): Promise<boolean> {
    // a long line is not copied for each piece of it
    const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, this.#rest.byteLength));
    const { bytesRead } = await this.#file.read(chunk, 0, chunk.byteLength, this.#offset + this.#rest.byteLength);
    if (bytesRead > 0) this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
    return bytesRead > 0;
  }
}
