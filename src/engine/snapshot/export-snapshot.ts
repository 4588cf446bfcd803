import { MillraceError } from '../../errors/millrace-error.js';
import type { StoreMoment, StoreProvider, StoreRecord } from '../../store/store.js';
import { placeOfKey } from '../inspection/key-place.js';
import { readStoredFacts } from '../inspection/stored-facts.js';
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
 * Exports the state of a job as of one commit, beside its run: nothing of that waits.
 *
 * R18. What stages keep is in it, with how far their event time had come, and the keys by which sources tell copies. Of positions, outboxes and sessions nothing is: they are of one
 *      job and its brokers.
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
    yield* moment.records(isOfStages);
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

/** R18. */
const EXPORTED: ReadonlySet<string | undefined> = new Set([
  'state',
  'timer',
  'due',
  'time',
  'early',
  'early-due',
  'async',
  'dedupe',
]);

const isOfStages = (key: string): boolean => EXPORTED.has(placeOfKey(key)?.is);

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
