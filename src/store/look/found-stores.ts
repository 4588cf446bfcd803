import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MillraceError } from '../../errors/index.js';
import { checkFoundDirectory, readOwnText } from '../../internal/files/own-files.js';
import { jobDirectoryName } from '../directory/job-directory-name.js';
import { ProblemList } from './problem-list.js';

/** What a partition has in a directory. */
export interface FoundStore {
  /** Undefined: the name of the directory does not say, since it has other signs than that. */
  readonly job: string | undefined;
  /** Of the job. */
  readonly directory: string;
  readonly partition: number;
  /** Of what the partition has, without an ending. */
  readonly path: string;
  /** Which endings there are: `log`, `blobs`, `view`, and `mdb` of an earlier version, or what stands in its place. */
  readonly endings: ReadonlySet<string>;
}

/** What a directory of stores has. */
export interface FoundStores {
  /** By the names of their directories, and partitions. */
  readonly stores: readonly FoundStore[];
  /** What the last owner wrote of itself; undefined: nothing. It says nothing of whether it still runs. */
  readonly owner: string | undefined;
  /** Of what could not be looked at. */
  readonly problems: readonly MillraceError[];
}

const JOB = /^job-(?<readable>[a-z0-9-]*)-[0-9a-f]{12}$/;
const PART = /^partition-(?<partition>\d{1,9})\.(?<ending>log|blobs|view|mdb)$/;

/**
 * Lists what is in a directory of stores, and touches nothing. No link is followed.
 * @param job those of one job alone
 * @throws MillraceError INVALID_OPTIONS where it is no directory of ours; STORAGE_FAILED
 */
export async function findStores(location: string, job?: string): Promise<FoundStores> {
  await checkFoundDirectory(location);
  const problems = new ProblemList(`cannot read ${location}`);
  const wanted = job === undefined ? undefined : jobDirectoryName(job);
  const stores: FoundStore[] = [];
  for (const name of (await readdir(location)).sort()) {
    const { readable } = JOB.exec(name)?.groups ?? {};
    if (readable === undefined || (wanted !== undefined && name !== wanted)) continue;
    const known = job ?? (jobDirectoryName(readable) === name ? readable : undefined);
    try {
      stores.push(...(await storesIn(join(location, name), known)));
    } catch (error) {
      problems.tell(error);
    }
  }
  return { stores, owner: await ownerOf(location), problems: problems.all };
}

async function storesIn(directory: string, job: string | undefined): Promise<readonly FoundStore[]> {
  await checkFoundDirectory(directory);
  const endings = new Map<number, Set<string>>();
  for (const name of await readdir(directory)) {
    const { partition, ending } = PART.exec(name)?.groups ?? {};
    if (partition === undefined || ending === undefined) continue;
    endings.set(Number(partition), (endings.get(Number(partition)) ?? new Set()).add(ending));
  }
  return [...endings]
    .sort(([one], [other]) => one - other)
    .map(([partition, found]) => {
      return { job, directory, partition, path: join(directory, `partition-${partition}`), endings: found };
    });
}

async function ownerOf(location: string): Promise<string | undefined> {
  try {
    const text = (await readOwnText(join(location, 'owner.lock'))).slice(0, 300);
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
