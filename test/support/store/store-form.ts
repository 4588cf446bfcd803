import { EmbeddedStores } from '../../../src/store/embedded/embedded-stores.js';
import { LmdbStores, type StoreProvider } from '../../../src/store/index.js';

/** Which stores a history is in: a log with a view behind it, or the LMDB files that earlier versions had. */
export type StoreForm = 'lmdb' | 'embedded';

/** Small enough for a history to go through segments, snapshots and writes of the view. */
const SMALL = { segmentBytes: 60_000, snapshotBytes: 150_000, behindBytes: 20_000 };

/** Opens the stores of a directory in a form. */
export const openStores = (dir: string, form: StoreForm): Promise<StoreProvider> =>
  form === 'lmdb' ? LmdbStores.open(dir) : EmbeddedStores.open(dir, SMALL);
