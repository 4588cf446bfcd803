import { statSync } from 'node:fs';
import { MillraceError } from '../../errors/index.js';

/** Which file a path leads to. */
export interface FileIdentity {
  /** Of the device. */
  readonly dev: number;
  /** Of the file on it: another one under the same name has another. */
  readonly ino: number;
}

/**
 * That of the file which is there now. Synchronous, since it is asked behind commits: handing it to another thread costs ten times as much.
 */
export function identityOf(path: string): FileIdentity | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/**
 * A store whose file was removed or replaced writes where nobody will read: found out behind a commit, which counts as failed.
 * @throws MillraceError STORE_FENCED
 */
export function checkInPlace({
  path,
  identity,
}: {
  readonly path: string;
  /** undefined: it was gone before it was known. */
  readonly identity: FileIdentity | undefined;
}): void {
  const now = identityOf(path);
  if (now !== undefined && now.ino === identity?.ino && now.dev === identity.dev) return;
  throw new MillraceError(
    'STORE_FENCED',
    `${path} was ${now === undefined ? 'removed' : 'replaced'} while it was in use`,
    {
      advice: 'See who touches the directory of a running job; put the file back before you start the job again.',
      details: { path },
    },
  );
}
