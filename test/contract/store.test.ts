import { LmdbStores, MemoryStores } from '../../src/store/index.js';
import { FencedStores } from '../support/store/fenced-stores.js';
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

storeContract('memory that another owner can take over, which tests of takeovers use', {
  start: async () => {
    const stores = new FencedStores();
    const again = async () => {
      await stores.close();
      return stores.rival();
    };
    return { stores, again, rival: async () => stores.rival() };
  },
});
