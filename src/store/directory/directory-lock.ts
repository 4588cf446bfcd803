/// <reference path="./fs-native-extensions.d.ts" />
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { openOwnFile } from '../../internal/files/own-files.js';
import { loadPackage } from '../../internal/load-package.js';
import { storageError } from '../storage-error.js';

/** An engine that is forgotten without a shutdown keeps its directory: Node would close the file at some later time, with a warning. */
const HELD = new Set<FileHandle>();

const OURS = `process ${process.pid} on ${hostname()}`;

type TryLock = typeof import('fs-native-extensions').tryLock;

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

  /** @throws MillraceError STORE_LOCKED when another process (or this one) owns the directory; STORAGE_FAILED, STORE_FULL, UNSUPPORTED */
  static async take(directory: string): Promise<DirectoryLock> {
    let file: FileHandle | undefined;
    try {
      const { tryLock } = await loadPackage(
        'fs-native-extensions',
        'a store on disk',
        () => import('fs-native-extensions'),
      );
      file = await openOwnFile(
        join(directory, 'owner.lock'),
        constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
      );
      // who cannot open it cannot lock it (X10)
      await file.chmod(0o600);
      if (!tryLock(file.fd)) await insist(directory, file, tryLock);
      await noteOwner(file);
      HELD.add(file);
      return new DirectoryLock(file);
    } catch (error) {
      await file?.close();
      throw storageError(error, `cannot lock ${directory}`);
    }
  }

  async release(): Promise<void> {
    HELD.delete(this.#file);
    await this.#file.close();
  }
}

/**
 * X10. A lock that lets us share it is no owner's: whoever could read the file took it. The last owner is not blamed for it then. That
 * the second attempt succeeds says that the owner has just gone.
 */
async function insist(directory: string, file: FileHandle, tryLock: TryLock): Promise<void> {
  const shared = tryLock(file.fd, { shared: true });
  if (!shared) throw lockedError(directory, await readOwner(file));
  if (!tryLock(file.fd)) throw readerError(directory);
}

function readerError(directory: string): MillraceError {
  const path = join(directory, 'owner.lock');
  return new MillraceError('STORE_LOCKED', `${path} is locked by a process that only reads it, which is no Millrace`, {
    advice: `Find it by \`fuser -v ${path}\` and stop it. Nobody else can take such a lock now: the file is for its owner only.`,
    details: { directory },
  });
}

function lockedError(directory: string, owner: string): MillraceError {
  const stop =
    owner === OURS
      ? 'That is this process: use the engine that has it for all jobs, await its shutdown()'
      : 'Stop that process';
  return new MillraceError('STORE_LOCKED', `the store ${directory} has an owner${owner === '' ? '' : `: ${owner}`}`, {
    advice: `${stop}, or give this one a directory of its own. The lock ends with its owner, even by kill -9; deleting ${join(directory, 'owner.lock')} does not help and can destroy the store.`,
    details: { directory },
  });
}

/** For messages only. A full disk is no reason to give up here: what it means is told by the first commit. */
async function noteOwner(file: FileHandle): Promise<void> {
  try {
    await file.truncate(0);
    await file.write(OURS);
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
