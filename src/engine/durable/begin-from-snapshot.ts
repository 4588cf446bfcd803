import { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { Store, StoreProvider } from '../../store/store.js';
import { EXPORTED } from '../layout/exported-keys.js';
import { type ReadSnapshot, SnapshotShelf } from '../snapshot/snapshot-shelf.js';
import { finishRemoval, isFirst, NOTHING, noteManifest, readManifest } from './stored-manifest.js';

/** Bytes of a commit, about: many records share one flush. */
const COMMIT_BYTES = 4 * 1024 * 1024;

/**
 * Has a job that has nothing yet begin with the state of a snapshot. One that began with it goes on. True when it begins now.
 *
 * G2. What was put of a snapshot counts from the commit of the manifest behind it: until then it stands there as `removing`, and a start that
 *     finds it so removes it first.
 * @throws MillraceError INVALID_OPTIONS where there is no such snapshot, INVALID_STATE for a job that has state of its own; STORE_CORRUPT
 */
export const beginFromSnapshot = async (
  store: Store,
  stores: StoreProvider,
  { job, snapshot }: { readonly job: string; readonly snapshot: string },
): Promise<boolean> => {
  await finishRemoval(store);
  const before = readManifest(store);
  if (before.begunWith?.name === snapshot) return false;
  if (!isFirst(before)) throw notNew(job, snapshot);
  const { about, records } = await SnapshotShelf.of(stores).read(snapshot);
  await noteManifest(store, { ...NOTHING, removing: [EXPORTED] });
  await putAll(store, records);
  const { name, id, sources, stages, timers } = about;
  await noteManifest(store, { sources, sinks: [], stages, timers, begunWith: { name, id } });
  const { job: of, takenAtMs, undelivered } = about;
  publishDiagnostic('begun-from-snapshot', { job, snapshot, of, takenAtMs, undelivered });
  return true;
};

const putAll = async (store: Store, records: ReadSnapshot['records']): Promise<void> => {
  const most = Math.min(COMMIT_BYTES, store.maxCommitBytes);
  let batch = new Map<string, Uint8Array | undefined>();
  let bytes = 0;
  for await (const slice of records) {
    for (const [key, value] of slice) {
      const more = Buffer.byteLength(key) + (value?.byteLength ?? 0);
      if (bytes > 0 && bytes + more > most) {
        await store.commit(batch);
        batch = new Map();
        bytes = 0;
      }
      batch.set(key, value);
      bytes += more;
    }
  }
  if (batch.size > 0) await store.commit(batch);
};

const notNew = (job: string, snapshot: string): MillraceError =>
  new MillraceError(
    'INVALID_STATE',
    `job "${job}" has something stored already: it cannot begin with the snapshot "${snapshot}"`,
    {
      advice:
        'A snapshot is for a job that begins: give it another name and other client ids, or a directory of its own. To go on with what is stored, leave out initialSnapshot (--initial-snapshot).',
      details: { job, snapshot },
    },
  );
