import { MillraceError } from '../../errors/index.js';
import { checkOwnDirectory } from '../../internal/files/own-files.js';
import { storageError } from '../storage-error.js';
import { makePrivateDirectory } from './private-directory.js';

/**
 * Makes a directory for what a store keeps, where it does not exist, and looks that it is ours alone (X2).
 * @throws MillraceError INVALID_OPTIONS where no directory of ours can be; STORAGE_FAILED, STORE_FULL
 */
export async function makeStoreDirectory(path: string): Promise<void> {
  try {
    await makePrivateDirectory(path);
    await checkOwnDirectory(path);
  } catch (error) {
    if (!NO_PLACE.has(Object(error).code)) throw storageError(error, `cannot make the directory ${path}`);
    throw new MillraceError('INVALID_OPTIONS', `cannot make the directory ${path}: ${Object(error).code}`, {
      cause: error,
      advice: 'Name a directory on a local disk that this user may write to.',
    });
  }
}

/** No disk fails so: it is the wrong place, and trying again does not help. */
const NO_PLACE: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENAMETOOLONG',
  'ELOOP',
]);
