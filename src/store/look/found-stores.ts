import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MillraceError } from '../../errors/index.js';
import {
  checkFoundDirectory,
  checkOwnDirectory,
  checkPlainDirectory,
  readOwnText,
} from '../../internal/files/own-files.js';
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

/** What a directory is: `stores` has jobs in it, or had an owner once; `job` is that of one job, in such a one; `foreign` has something else in it. */
export type FoundKind = 'stores' | 'job' | 'empty' | 'foreign';

/** What a directory of stores has. */
export interface FoundStores {
  /** What it is, by the names in it. */
  readonly kind: FoundKind;
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
  await checkPlainDirectory(location);
  const names = (await readdir(location)).sort();
  const kind = kindOf(names);
  // what is none of ours is not asked to be for its user alone
  if (kind !== 'stores') return { kind, stores: [], owner: undefined, problems: [] };
  await checkOwnDirectory(location);
  const problems = new ProblemList(`cannot read ${location}`);
  const wanted = job === undefined ? undefined : jobDirectoryName(job);
  const stores: FoundStore[] = [];
  for (const name of names) {
    const { readable } = JOB.exec(name)?.groups ?? {};
    if (readable === undefined || (wanted !== undefined && name !== wanted)) continue;
    const known = job ?? (jobDirectoryName(readable) === name ? readable : undefined);
    try {
      stores.push(...(await storesIn(join(location, name), known)));
    } catch (error) {
      problems.tell(error);
    }
  }
  return { kind, stores, owner: await ownerOf(location), problems: problems.all };
}

const OWNER = 'owner.lock';

const kindOf = (names: readonly string[]): FoundKind => {
  if (names.some((name) => name === OWNER || JOB.test(name))) return 'stores';
  if (names.some((name) => PART.test(name))) return 'job';
  return names.length === 0 ? 'empty' : 'foreign';
};

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
    const text = (await readOwnText(join(location, OWNER))).slice(0, 300);
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
