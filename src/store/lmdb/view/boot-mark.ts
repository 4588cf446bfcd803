import { constants } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { openOwnFile, readOwnText } from '../../../internal/files/own-files.js';
import { syncNewName } from '../../../internal/files/sync-name.js';

/** Where no start of the system can be told from another. */
const UNKNOWN = 'unknown';

/**
 * A file beside a view that is there while it is written to, and says since which start of the system. What a process leaves behind
 * that was killed is whole, for the page cache has it; what a system leaves that lost its power is not, since nothing was flushed.
 */
export class BootMark {
  readonly #path: string;

  /** @param path of the view */
  constructor(path: string) {
    this.#path = `${path}.boot`;
  }

  /** Whether the view is as its last writer left it. */
  async isWhole(): Promise<boolean> {
    let left: string;
    try {
      left = await readOwnText(this.#path);
    } catch (error) {
      return Object(error).code === 'ENOENT';
    }
    return left !== UNKNOWN && left === (await bootId());
  }

  /** Before the first write: durable, since its absence says that the view is whole. */
  async make(): Promise<void> {
    const file = await openOwnFile(this.#path, constants.O_RDWR | constants.O_CREAT);
    try {
      await file.truncate(0);
      await file.write(await bootId(), 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await syncNewName(this.#path);
  }

  /** Behind the last write, which is flushed. */
  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** What Linux gives each start of the system; a container has that of its host. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return UNKNOWN;
  }
}
