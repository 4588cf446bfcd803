import { stat } from 'node:fs/promises';
import { MillraceError } from '../errors/index.js';

/** Which file a path leads to. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** That of the file which is there now. */
export async function identityOf(path: string): Promise<FileIdentity> {
  const { dev, ino } = await stat(path);
  return { dev, ino };
}

/**
 * A store whose file was removed or replaced writes where nobody will read: found out beside the next commit, which counts as failed.
 * @throws MillraceError STORE_FENCED
 */
export async function checkInPlace({
  path,
  identity,
}: {
  readonly path: string;
  readonly identity: FileIdentity;
}): Promise<void> {
  const now = await identityOf(path).catch(() => undefined);
  if (now?.ino === identity.ino && now.dev === identity.dev) return;
  throw new MillraceError(
    'STORE_FENCED',
    `${path} was ${now === undefined ? 'removed' : 'replaced'} while it was in use`,
    {
      advice: 'See who touches the directory of a running job; put the file back before you start the job again.',
      details: { path },
    },
  );
}
