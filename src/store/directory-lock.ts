/// <reference path="./fs-native-extensions.d.ts" />
import { type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { MillraceError } from '../errors/index.js';
import { storageError } from './storage-error.js';

/**
 * Makes this process the owner of a directory until it gives the lock back or ends, however it ends: the lock belongs to an open
 * file (on Linux an "open file description lock"), and the kernel closes that. The file itself stays and means nothing; it must not
 * be removed, or two processes could lock two files of one name. Children do not inherit it: Node opens files with O_CLOEXEC.
 */
export class DirectoryLock {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws MillraceError STORE_LOCKED when another process (or this one) owns the directory; STORAGE_FAILED, STORE_FULL */
  static async take(directory: string): Promise<DirectoryLock> {
    let file: FileHandle | undefined;
    try {
      file = await open(join(directory, 'owner.lock'), 'a+', 0o600);
      if (!tryLock(file.fd)) throw lockedError(directory, await readOwner(file));
      await noteOwner(file);
      return new DirectoryLock(file);
    } catch (error) {
      await file?.close();
      throw storageError(error, `cannot lock ${directory}`);
    }
  }

  async release(): Promise<void> {
    await this.#file.close();
  }
}

function lockedError(directory: string, owner: string): MillraceError {
  return new MillraceError('STORE_LOCKED', `the store ${directory} has an owner${owner === '' ? '' : `: ${owner}`}`, {
    advice: `Stop that process, or give this one a directory of its own. The lock ends with its owner, even by kill -9; deleting ${join(directory, 'owner.lock')} does not help and can destroy the store.`,
    details: { directory },
  });
}

/** For messages only. A full disk is no reason to give up here: what it means is told by the first commit. */
async function noteOwner(file: FileHandle): Promise<void> {
  try {
    await file.truncate(0);
    await file.write(`process ${process.pid} on ${hostname()}`);
  } catch {
    // The next to come is told less.
  }
}

async function readOwner(file: FileHandle): Promise<string> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(300), 0, 300, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/[^\x20-\x7e]/g, '');
  } catch {
    return ''; // Windows lets nobody read what another has locked.
  }
}
