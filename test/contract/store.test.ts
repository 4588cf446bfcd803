import { LmdbStores, MemoryStores } from '../../src/store/index.js';
import { tempDir } from '../support/temp-dir.js';
import { storeContract } from './store-contract.js';

storeContract('memory', {
  start: async () => {
    const stores = new MemoryStores();
    const again = async () => {
      await stores.close();
      return new MemoryStores(stores);
    };
    return { stores, again };
  },
});

storeContract('LMDB', {
  start: async () => {
    const dir = tempDir('store');
    const stores = await LmdbStores.open(dir);
    const again = async () => {
      await stores.close();
      return LmdbStores.open(dir);
    };
    return { stores, again };
  },
});
