import { Engine } from 'millrace';
import { LmdbStores } from 'millrace/store';
import type { StoreForm } from './contender.js';

/** An engine with the store of a directory, or with LMDB alone, as earlier versions had it. */
export const engineOf = async (dir: string, store: StoreForm = 'log'): Promise<Engine> =>
  store === 'log' ? Engine.embedded({ dir }) : Engine.embedded({ stores: await LmdbStores.open(dir) });
