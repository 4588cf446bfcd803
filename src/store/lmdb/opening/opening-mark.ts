import { constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import { MillraceError } from '../../../errors/index.js';
import { openOwnFile, readOwnText } from '../../../internal/files/own-files.js';

/** What the last owner of a store left: that it was opening it, or that it had written to it, since when, and after how many short runs. */
interface LeftMark {
  readonly state: 'opening' | 'running';
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Runs before it, one after the other, that were short and ended without closing. */
  readonly short: number;
}

/** A run of this length was no crash loop. */
const SHORT_MS = 60_000;
/** So many short runs in a row are one. A few are a test, or somebody who kills: trying a store costs a start some tenths of a second. */
const SHORT_RUNS = 5;

/**
 * X8. A file beside a store that says whether its last owner came to an end while it opened it, or soon after, again and again: then the
 * store is tried elsewhere first, because what is damaged may end the process in native code. It is there from before LMDB opens the
 * store until it is closed. It is a hint: nothing waits for the disk, and a full disk loses no more than the hint.
 */
export class OpeningMark {
  readonly #path: string;
  readonly #since = Date.now();
  readonly #short: number;
  /** The store has to be tried first. */
  readonly suspect: boolean;

  private constructor(path: string, left: LeftMark | undefined) {
    this.#path = path;
    const short = left?.state === 'running' && this.#since - left.since < SHORT_MS ? left.short + 1 : 0;
    this.suspect = left?.state === 'opening' || short >= SHORT_RUNS;
    this.#short = this.suspect ? 0 : short;
  }

  /** Before a store is opened. @param path of the store */
  static async make(path: string): Promise<OpeningMark> {
    const own = `${path}.opening`;
    const mark = new OpeningMark(own, await readMark(own));
    await mark.#write('opening');
    return mark;
  }

  /** The store was opened, read and written to. */
  async passed(): Promise<void> {
    await this.#write('running');
  }

  /** What the store has is damaged: the next opening is to suspect it. Never rejects. */
  async distrust(): Promise<void> {
    await this.#write('opening').catch(() => undefined);
  }

  /** The store is closed, or could not be opened for a reason that was told. */
  async clear(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  async #write(state: LeftMark['state']): Promise<void> {
    const mark: LeftMark = { state, since: this.#since, short: this.#short };
    try {
      const file = await openOwnFile(this.#path, constants.O_RDWR | constants.O_CREAT);
      try {
        await file.truncate(0);
        await file.write(JSON.stringify(mark), 0);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof MillraceError) throw error;
    }
  }
}

/** One that is torn says that its writer came to an end then. */
async function readMark(path: string): Promise<LeftMark | undefined> {
  let text: string;
  try {
    text = await readOwnText(path);
  } catch {
    return undefined;
  }
  try {
    const { state, since, short } = Object(JSON.parse(text));
    if (state === 'running' && Number.isFinite(since) && Number.isFinite(short)) return { state, since, short };
  } catch {
    // torn
  }
  return { state: 'opening', since: 0, short: 0 };
}
