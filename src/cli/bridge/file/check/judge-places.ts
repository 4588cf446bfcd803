import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MillraceError } from '../../../../errors/index.js';
import { isThere } from '../../../../internal/files/is-there.js';
import { checkOwnDirectory, openOwnFile } from '../../../../internal/files/own-files.js';
import type { PlannedRoute } from '../plan/bridge-plan.js';
import type { Finding } from './finding.js';

type Judged = Pick<Finding, 'level' | 'check' | 'message'>;

/**
 * Why a route could not write where it has to on this machine; nothing where it can. Nothing is made, locked or changed, so it may run meanwhile.
 * @param dir of the file; undefined: no route needs one
 */
export async function judgePlaces(
  { options: { guarantee, onError } }: PlannedRoute,
  dir: string | undefined,
): Promise<readonly Judged[]> {
  const found = [
    ...(guarantee === 'exactly-once' && dir !== undefined ? [judge('dir', dir, tryDirectory)] : []),
    ...(typeof onError === 'object' && 'file' in onError ? [judge('deadLetters', onError.file, tryFile)] : []),
  ];
  return (await Promise.all(found)).flat();
}

async function judge(
  check: 'dir' | 'deadLetters',
  path: string,
  attempt: (path: string) => Promise<void>,
): Promise<readonly Judged[]> {
  try {
    const owner = (await isThere(path)) ? (await stat(path)).uid : undefined;
    if (owner !== undefined && process.geteuid !== undefined && owner !== process.geteuid()) {
      const message = `${path} belongs to user ${owner}: whether it can be written is known by a check as that user, as whom the bridge must run`;
      return [{ level: 'unknown', check, message }];
    }
    await attempt(path);
    return [];
  } catch (thrown) {
    return [{ level: 'problem', check, message: whyNot(path, thrown) }];
  }
}

function whyNot(path: string, thrown: unknown): string {
  const { code, message, advice = '' } = MillraceError.from(thrown);
  if (code === 'INVALID_OPTIONS') return `${message}: ${advice.replace(/\.$/, '')}`;
  return `${path} cannot be written: ${WORDS[String(Object(thrown).code)] ?? message}`;
}

/** A new one is made with all that lead to it. */
async function tryDirectory(path: string): Promise<void> {
  let first = path;
  while (!(await isThere(first))) first = dirname(first);
  if (!(await stat(first)).isDirectory())
    throw new MillraceError('INVALID_OPTIONS', `${first} is no directory`, { advice: 'Name a directory.' });
  if (first === path) await checkOwnDirectory(path);
  await access(first, constants.W_OK | constants.X_OK);
}

/** A new one is made, in a directory that must be there. */
async function tryFile(path: string): Promise<void> {
  if (await isThere(path)) await (await openOwnFile(path, constants.O_WRONLY | constants.O_APPEND)).close();
  else await access(dirname(path), constants.W_OK | constants.X_OK);
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'what leads to it is no directory',
  EACCES: 'permission denied',
  EROFS: 'a read-only file system',
};
