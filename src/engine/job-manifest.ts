import { MillraceError } from '../errors/millrace-error.js';
import type { Store, StoreView } from '../store/store.js';
import { storeKeys } from './store-keys.js';
import { decodeStored, encodeStored } from './stored-value.js';

/** The parts of a job that have something in its store, by their names. */
export interface JobManifest {
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** Stages with state, and mapAsync stages. */
  readonly stages: readonly string[];
}

const KINDS = ['sources', 'sinks', 'stages'] as const;

/**
 * Checks that everything the store has something of is still part of the job, and notes what is new. Removing or renaming a part
 * would silently lose what is stored under its name: a position and its session, messages in an outbox, state. True when the store has
 * nothing yet.
 * @throws MillraceError JOB_CHANGED
 */
export const settleManifest = async (store: Store, job: string, now: JobManifest): Promise<boolean> => {
  const before = readManifest(store);
  const gone = partsOf(before, now);
  if (gone.length > 0) throw jobChanged(job, gone, partsOf(now, before));
  const changed = KINDS.some((kind) => before[kind].length !== now[kind].length);
  if (changed) await store.commit(new Map([[storeKeys.job, encodeStored(now)]]));
  return before === NOTHING;
};

const WORDS = { sources: 'source', sinks: 'sink', stages: 'stage' } as const;

/** Those of one that the other has not. */
const partsOf = (one: JobManifest, other: JobManifest): readonly string[] =>
  KINDS.flatMap((kind) =>
    one[kind].filter((name) => !other[kind].includes(name)).map((name) => `${WORDS[kind]} "${name}"`),
  );

const NOTHING: JobManifest = { sources: [], sinks: [], stages: [] };

const readManifest = (view: StoreView): JobManifest => {
  const bytes = view.get(storeKeys.job);
  // written above, and its bytes are checked by the store
  return bytes === undefined ? NOTHING : (decodeStored(bytes) as JobManifest);
};

const jobChanged = (job: string, gone: readonly string[], added: readonly string[]): MillraceError =>
  new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has something stored for ${gone.join(', ')}, which its pipeline has no more${
      added.length > 0 ? `; new in it: ${added.join(', ')}` : ''
    }`,
    {
      advice:
        'Give the parts of the pipeline their former names (setName, client ids), or start it as a job of another name, which begins with nothing.',
      details: { job, gone, added },
    },
  );

/**
 * Refuses a sink that has fewer clients than its stored outboxes, as long as those have messages: nobody would deliver them.
 * @throws MillraceError JOB_CHANGED
 */
export const checkOrphans = (view: StoreView, job: string, opened: ReadonlySet<string>): void => {
  const orphans: string[] = [];
  for (const { key, value } of view.range(storeKeys.outboxes, storeKeys.outboxesEnd)) {
    // the head of an outbox, as `Outbox` stores it
    const { low, end } = decodeStored(value) as { readonly low: number; readonly end: number };
    if (low < end && !opened.has(key)) orphans.push(decodeURIComponent(key.slice(key.lastIndexOf('/') + 1)));
  }
  if (orphans.length === 0) return;
  throw new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has undelivered messages of clients that it has no more: ${orphans.join(', ')}`,
    {
      advice: 'Run it with its former parallelism and client ids until their messages are delivered.',
      details: { job, clients: orphans },
    },
  );
};
