import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { MillraceError } from '../../errors/millrace-error.js';

/*
 * X2. What we write must be ours. Another user who can put a link, a pipe or a file of his own in our way would have us overwrite what
 * he cannot, or read what he should not. Windows has other rights: there a file is only looked at for what it is.
 */

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A pipe without a reader must not hold us up. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;
const OTHERS_WRITE = 0o022;

const NO_FILE = 'is no regular file';
const ELSEWHERE = 'Remove it, or name another place.';

const ourId = (): number | undefined => process.geteuid?.();

/**
 * Opens a file by `constants.O_…` flags; a new one is for its owner only. O_TRUNC is the caller's own danger: it comes before the look.
 * @throws MillraceError INVALID_OPTIONS for what is no regular file of ours that has this one name; errors of the file system
 */
export async function openOwnFile(path: string, flags: number): Promise<FileHandle> {
  const file = await openNoLink(path, flags);
  try {
    checkFile(await file.stat(), path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The text of a small file. @throws as `openOwnFile` */
export async function readOwnText(path: string): Promise<string> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openNoLink(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | NO_FOLLOW | NO_WAIT, 0o600);
  } catch (error) {
    const { code } = Object(error);
    if (code === 'EISDIR') throw foreign(path, NO_FILE, ELSEWHERE);
    if (code !== 'ELOOP') throw error;
    throw foreign(path, 'is a symbolic link', 'Remove it, or name the file that it leads to.');
  }
}

function checkFile(found: Stats, path: string): void {
  if (!found.isFile()) throw foreign(path, NO_FILE, ELSEWHERE);
  const us = ourId();
  if (us === undefined) return;
  if (found.uid !== us)
    throw foreign(
      path,
      `belongs to user ${found.uid}`,
      `Run as that user; only where it should be yours: chown ${us} ${path}`,
    );
  if (found.nlink > 1)
    throw foreign(path, 'has a second name (a hard link)', 'Find the other one, and remove one of the two.');
}

/**
 * Refuses a directory in which another user can put something in our way: one that others own or can write, or that a link of another
 * user leads to. Those above it are not looked at: who can write there can swap the directory.
 * @throws MillraceError INVALID_OPTIONS; errors of the file system
 */
export async function checkOwnDirectory(path: string): Promise<void> {
  const us = ourId();
  if (us === undefined) return;
  const name = await lstat(path);
  if (name.isSymbolicLink() && name.uid !== us && name.uid !== 0) {
    throw foreign(path, `is a link that user ${name.uid} has made`, 'Name the directory itself.');
  }
  const { uid, mode } = await stat(path);
  if (uid !== us)
    throw foreign(
      path,
      `belongs to user ${uid}`,
      `Run as that user; only where it should be yours: chown ${us} ${path}`,
    );
  if ((mode & OTHERS_WRITE) !== 0) throw foreign(path, 'can be written to by others', `chmod 700 ${path}`);
}

/**
 * Refuses what is no directory of ours by this very name: a link to one, too. For who was not told to make it, and only reads.
 * @throws as `checkOwnDirectory`
 */
export async function checkFoundDirectory(path: string): Promise<void> {
  await checkPlainDirectory(path);
  await checkOwnDirectory(path);
}

/**
 * Refuses what is no directory by this very name, whoever's it is.
 * @throws MillraceError INVALID_OPTIONS; errors of the file system
 */
export async function checkPlainDirectory(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw foreign(path, 'is a symbolic link', 'Name the directory that it leads to.');
  if (!found.isDirectory()) throw foreign(path, 'is no directory', 'Name a directory.');
}

const foreign = (path: string, what: string, advice: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `${path} ${what}`, { advice, details: { path } });
