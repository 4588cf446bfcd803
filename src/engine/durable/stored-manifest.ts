import type { Store, StoreView } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { removalOf, type StoredKeys } from '../layout/stored-parts.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';

/** The parts of a job that may have something in its store, by their names. */
export interface JobManifest {
  /** A position is stored for each. */
  readonly sources: readonly string[];
  /** Outboxes are. */
  readonly sinks: readonly string[];
  /** Stages with state, and mapAsync stages. */
  readonly stages: readonly string[];
  /** Those of them that keep timers. */
  readonly timers: readonly string[];
  /** What sources and sinks are called elsewhere, by `partName`, where it differs: for whoever looks at the store. Nothing is stored by it. */
  readonly called?: Readonly<Record<string, string>>;
}

/** As it is stored. */
export interface StoredManifest extends Omit<JobManifest, 'timers'> {
  /** Not written by versions that had no timers. */
  readonly timers?: readonly string[];
  /** What was given up and is not all removed yet. */
  readonly removing?: readonly StoredKeys[];
  /** Stages that `dropState` has named: to name one again is no mistake. The last ones. */
  readonly dropped?: readonly string[];
  /** The snapshot with which the job began. */
  readonly begunWith?: { readonly name: string; readonly id: string };
}

/** Keys in one commit of a removal. */
const REMOVE_AT_ONCE = 4096;
/** Of a job that has no part: no run has come so far. */
export const NOTHING: StoredManifest = { sources: [], sinks: [], stages: [], timers: [] };

/** A pipeline has a source at least. */
export const isFirst = ({ sources, stages }: StoredManifest): boolean => sources.length + stages.length === 0;

/** An empty one where it was never written. */
export const readManifest = (view: StoreView): StoredManifest => {
  const bytes = view.get(storeKeys.job);
  // written by `noteManifest`, and its bytes are checked by the store
  return bytes === undefined ? NOTHING : (decodeStored(bytes) as StoredManifest);
};

export const noteManifest = (store: Store, { removing, ...manifest }: StoredManifest): Promise<void> => {
  const noted = removing === undefined || removing.length === 0 ? manifest : { ...manifest, removing };
  return store.commit(new Map([[storeKeys.job, encodeStored(noted)]]));
};

/** What an earlier start was to remove, and a crash has cut off. */
export const finishRemoval = async (store: Store): Promise<void> => {
  const left = readManifest(store).removing ?? [];
  if (left.length > 0) await removeAll(store, left);
};

/** The manifest loses its `removing` only behind the last removal (G1). */
export const removeAll = async (store: Store, removing: readonly StoredKeys[]): Promise<void> => {
  for (const stored of removing) await removeStored(store, stored);
  await noteManifest(store, { ...readManifest(store), removing: [] });
};

/** In as many commits as it takes. One that was cut off goes on where it was: what is removed is found no more. */
export const removeStored = async (store: Store, stored: StoredKeys): Promise<void> => {
  for (let batch = removalOf(store, stored, REMOVE_AT_ONCE); batch.size > 0; ) {
    await store.commit(batch);
    batch = removalOf(store, stored, REMOVE_AT_ONCE);
  }
};
