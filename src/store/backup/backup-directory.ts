import { realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { isThere } from '../../internal/files/is-there.js';
import { checkFoundDirectory } from '../../internal/files/own-files.js';
import { syncNewName } from '../../internal/files/sync-name.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { someText } from '../../internal/options/option-checks.js';
import { makeStoreDirectory } from '../directory/store-directory.js';
import { DirectorySnapshots } from '../directory-snapshots.js';
import { findStores } from '../look/found-stores.js';
import { storageError } from '../storage-error.js';
import { markBackup } from './backup-mark.js';
import { type CopiedPartition, copyPartition } from './copy-partition.js';

/** What was copied. */
export interface Backup {
  /** Where it is. */
  readonly location: string;
  /** When it was begun: milliseconds since 1970. */
  readonly takenAtMs: number;
  /** What each job has in it, by partition: each as of a commit of its own. */
  readonly partitions: readonly CopiedPartition[];
  /** How many exported snapshots of states are in it. */
  readonly snapshots: number;
}

/** The copy has its name when all of it is there; what a crash leaves has this behind it, and is removed by the next. */
const UNFINISHED = '.unfinished';

/**
 * Copies the directory of an engine, of each job what it had as of one commit, while its owner goes on; nothing is asked of that, and nothing
 * locked. All of the copy is read before it has its name. A copy that is opened is refused until its mark is removed: it is older than the sessions
 * at the brokers (docs/operations.md).
 * @param to must not be there
 * @throws MillraceError INVALID_OPTIONS for a directory that is none of ours, or a place that is taken; STORE_CORRUPT for what is damaged;
 * UNSUPPORTED for a store of an earlier version; STORE_FULL, STORAGE_FAILED
 */
export async function backupDirectory(dir: string, to: string): Promise<Backup> {
  const problems = [...someText(dir, 'dir'), ...someText(to, 'to')];
  if (problems.length > 0) throw invalidOptions('backupDirectory', problems);
  const [from, location] = [resolve(dir), resolve(to)];
  try {
    await refusePlace(from, location);
    return await copyAll(from, location);
  } catch (error) {
    throw storageError(error, `cannot copy ${from} to ${location}`);
  }
}

async function refusePlace(from: string, location: string): Promise<void> {
  if (!(await isThere(from)))
    throw new MillraceError('INVALID_OPTIONS', `there is no directory ${from}`, {
      advice: 'Name the one that the engine has as dir.',
    });
  if (liesIn(await realpath(from), await realPlace(location)))
    throw new MillraceError('INVALID_OPTIONS', `the copy ${location} would lie in what it is of`, {
      advice: 'Name a place beside it, or on another disk.',
    });
  if (await isThere(location))
    throw new MillraceError('INVALID_OPTIONS', `${location} is there already`, { advice: 'Name a place that is not.' });
}

/** Behind all links; nothing is there yet, nor need what it is to lie in. */
async function realPlace(location: string): Promise<string> {
  const above = dirname(location);
  if (above === location) return location;
  const real = (await isThere(above)) ? await realpath(above) : await realPlace(above);
  return join(real, basename(location));
}

function liesIn(dir: string, location: string): boolean {
  const way = relative(dir, location);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function copyAll(from: string, location: string): Promise<Backup> {
  const takenAtMs = Date.now();
  const { stores, problems } = await findStores(from);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const unfinished = `${location}${UNFINISHED}`;
  if (await isThere(unfinished)) await checkFoundDirectory(unfinished);
  await rm(unfinished, { recursive: true, force: true });
  await makeStoreDirectory(unfinished);
  const partitions: CopiedPartition[] = [];
  for (const store of stores) partitions.push(await copyPartition(store, join(unfinished, basename(store.directory))));
  const snapshots = await copySnapshots(from, unfinished);
  await markBackup(unfinished, { takenAt: new Date(takenAtMs).toISOString(), of: from });
  await rename(unfinished, location);
  await syncNewName(location);
  return { location, takenAtMs, partitions, snapshots };
}

/** Each is checked by its seal. */
async function copySnapshots(from: string, to: string): Promise<number> {
  const [source, copy] = [new DirectorySnapshots(from, false), new DirectorySnapshots(to, true)];
  const names = await source.list();
  for (const name of names) await copy.put(name, source.get(name));
  return names.length;
}
