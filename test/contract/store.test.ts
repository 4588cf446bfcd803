import { EmbeddedStores } from '../../src/store/embedded/embedded-stores.js';
import { LmdbStores, MemoryStores } from '../../src/store/index.js';
import { LmdbViews } from '../../src/store/lmdb/view/lmdb-views.js';
import type { LocalViews } from '../../src/store/log/local-view.js';
import { LogStores } from '../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../src/store/log/memory/memory-views.js';
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

/** Over a log that outlives its owners; `openViews` gives what each of them, one after the other, has of views. */
const logContract = (views: string, start: () => () => Promise<LocalViews>): void =>
  storeContract(`a log in memory, and ${views}`, {
    start: async () => {
      const logs = new MemoryLogs();
      const openViews = start();
      const open = async () => new LogStores({ logs: new MemoryLogs(logs), views: await openViews() });
      let stores = await open();
      const again = async () => {
        await stores.close();
        stores = await open();
        return stores;
      };
      const rival = async () => new LogStores({ logs: new MemoryLogs(logs), views: new MemoryViews() });
      return { stores, again, rival };
    },
  });

logContract('a view that is kept', () => {
  const views = new MemoryViews();
  return async () => views;
});

logContract('a view that is lost', () => async () => new MemoryViews());

logContract('a view in an LMDB file', () => {
  const dir = tempDir('views');
  return () => LmdbViews.open(dir);
});

storeContract('a log in files, and a view in an LMDB file, in one directory', {
  start: async () => {
    const dir = tempDir('embedded');
    let stores = await EmbeddedStores.open(dir);
    const again = async () => {
      await stores.close();
      stores = await EmbeddedStores.open(dir);
      return stores;
    };
    return { stores, again };
  },
});

storeContract('the same, with a snapshot every few commits', {
  start: async () => {
    const dir = tempDir('embedded');
    const open = () => EmbeddedStores.open(dir, { snapshotBytes: 2_000, segmentBytes: 4_000, behindBytes: 1_000 });
    let stores = await open();
    const again = async () => {
      await stores.close();
      stores = await open();
      return stores;
    };
    return { stores, again };
  },
});
