import { MillraceError } from '../../errors/millrace-error.js';
import type { StoreMoment, StoreProvider, StoreRecord } from '../../store/store.js';
import { readStoredFacts } from '../inspection/stored-facts.js';
import { isExported } from '../layout/exported-keys.js';
import { describeSnapshot, type JobSnapshot } from './job-snapshot.js';
import { SnapshotShelf } from './snapshot-shelf.js';

/** What is exported, and as what. */
export interface ExportRequest {
  readonly job: string;
  readonly partition: number;
  /** Of the snapshot. */
  readonly name: string;
}

/**
 * Exports the state of a job (R18) as of one commit, beside its run: nothing of that waits.
 * @throws MillraceError UNSUPPORTED where the stores cannot; INVALID_OPTIONS for the name; INVALID_STATE when it is taken, or nothing was
 * stored yet; STORE_CORRUPT, STORAGE_FAILED, STORE_FULL
 */
export const exportSnapshot = async (
  stores: Pick<StoreProvider, 'location' | 'lookAt' | 'snapshots'> | undefined,
  { job, partition, name }: ExportRequest,
): Promise<JobSnapshot> => {
  const shelf = SnapshotShelf.of(stores);
  if (stores?.lookAt === undefined) throw unsupported(stores?.location);
  const release = await shelf.take(name);
  try {
    const takenAtMs = Date.now();
    const put = (moment: StoreMoment) => putMoment(shelf, moment, { name, job, takenAtMs });
    const exported = await stores.lookAt(job, partition, put);
    if (exported === undefined) throw nothingStored(job, stores.location);
    if (exported instanceof MillraceError) throw exported;
    return exported;
  } finally {
    release();
  }
};

/** The error where something could not be read: then it is tried again, or told. */
const putMoment = async (
  shelf: SnapshotShelf,
  moment: StoreMoment,
  as: Pick<JobSnapshot, 'name' | 'job' | 'takenAtMs'>,
): Promise<JobSnapshot | MillraceError> => {
  let damage: MillraceError | undefined;
  const facts = await readStoredFacts(moment, (error) => {
    damage ??= error;
  });
  const problem = (): MillraceError | undefined => damage ?? moment.problems[0];
  const about = describeSnapshot(as, facts);
  async function* whole(): AsyncGenerator<StoreRecord, void> {
    yield* moment.records(isExported);
    const found = problem();
    // what has a part of it would count as all of it
    if (found !== undefined) throw found;
  }
  try {
    await shelf.put(about, whole());
    return about;
  } catch (error) {
    const found = problem();
    if (found !== undefined) return found;
    throw error;
  }
};

const unsupported = (location: string | undefined): MillraceError =>
  new MillraceError(
    'UNSUPPORTED',
    `the stores ${location ?? ''} cannot be looked at beside a run: nothing can be exported`,
    {
      advice: 'Stores of your own need `lookAt` for that.',
    },
  );

const nothingStored = (job: string, location: string): MillraceError =>
  new MillraceError('INVALID_STATE', `job "${job}" has stored nothing in ${location} yet`, {
    advice: 'Wait until it runs: whenRunning().',
  });
