import { resolve } from 'node:path';
import { exportSnapshot } from '../../engine/snapshot/export-snapshot.js';
import type { JobSnapshot } from '../../engine/snapshot/job-snapshot.js';
import { SnapshotShelf } from '../../engine/snapshot/snapshot-shelf.js';
import { isThere } from '../../internal/files/is-there.js';
import { visible, visibleJson } from '../../internal/visible-text.js';
import { DirectorySnapshots } from '../../store/directory-snapshots.js';
import { lookInDirectory } from '../../store/look/look-in-directory.js';
import type { StoreProvider } from '../../store/store.js';
import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Output } from '../job/reporter.js';
import { usageError } from '../options/usage-error.js';
import { parseSnapshotsFlags, SNAPSHOTS_OPTIONS, type SnapshotsFlags } from './snapshots-flags.js';

const ABOUT = `The snapshots of jobs' states in a directory: lists them, exports one, removes one. DIR is what a job has as --dir. Another job begins with
one by: millrace run MODULE --dir DIR --initial-snapshot NAME.
`;

const ENDING = `A snapshot has what the stages of a job keep, as of one commit; positions, sessions and outgoing messages are not in it.
Nothing is asked of the process that has the directory, and it goes on meanwhile.

`;

export const SNAPSHOTS: Command<SnapshotsFlags> = {
  name: 'snapshots',
  summary: "Export a job's state, list what was exported, remove it",
  positional: { name: 'DIR' },
  about: ABOUT,
  options: SNAPSHOTS_OPTIONS,
  ending: ENDING,
  parse: parseSnapshotsFlags,
  run: runSnapshots,
};

async function runSnapshots({ directory, action, json }: SnapshotsFlags, { stdout }: Output): Promise<number> {
  const location = resolve(directory);
  if (!(await isThere(location))) throw usageError(`there is no directory ${location}`);
  const stores = besideOwner(location);
  const shelf = SnapshotShelf.of(stores);
  switch (action.do) {
    case 'list': {
      const snapshots = await shelf.list();
      if (json) stdout(`${visibleJson({ location, snapshots })}\n`);
      else for (const line of linesOf(snapshots)) stdout(`${visible(line)}\n`);
      break;
    }
    case 'export': {
      const { job, name } = action;
      const snapshot = await exportSnapshot(stores, { job, partition: 0, name });
      stdout(json ? `${visibleJson(snapshot)}\n` : `${visible(lineOf(snapshot))}\n`);
      break;
    }
    case 'delete':
      await shelf.remove(action.name);
      stdout(json ? `${visibleJson({ deleted: action.name })}\n` : `${visible(`deleted ${action.name}`)}\n`);
      break;
  }
  return EXIT_CODE.OK;
}

const besideOwner = (location: string): Pick<StoreProvider, 'location' | 'lookAt' | 'snapshots'> => ({
  location,
  snapshots: new DirectorySnapshots(location, false),
  lookAt: (job, partition, use) => lookInDirectory(location, { job, partition }, use),
});

const linesOf = (snapshots: readonly JobSnapshot[]): readonly string[] =>
  snapshots.length === 0 ? ['there are no snapshots'] : snapshots.map(lineOf);

const lineOf = ({ name, job, takenAtMs, stages, undelivered }: JobSnapshot): string => {
  const what = stages.length === 0 ? 'no stage' : `stages ${stages.join(', ')}`;
  const left = undelivered === 0 ? '' : `; ${undelivered} messages were left to that job to deliver`;
  return `${name}  ${new Date(takenAtMs).toISOString()}  of job ${job}: ${what}${left}`;
};
