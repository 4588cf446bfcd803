import { LmdbStores, MemoryStores } from '../../src/store/index.js';
import { LmdbViews } from '../../src/store/lmdb/view/lmdb-views.js';
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

storeContract('a log in memory, and a view that is kept', {
  start: async () => {
    const logs = new MemoryLogs();
    const views = new MemoryViews();
    let stores = new LogStores({ logs: new MemoryLogs(logs), views });
    const again = async () => {
      await stores.close();
      stores = new LogStores({ logs: new MemoryLogs(logs), views });
      return stores;
    };
    return {
      stores,
      again,
      rival: async () => new LogStores({ logs: new MemoryLogs(logs), views: new MemoryViews() }),
    };
  },
});

storeContract('a log in memory, and a view that is lost', {
  start: async () => {
    const logs = new MemoryLogs();
    let stores = new LogStores({ logs: new MemoryLogs(logs), views: new MemoryViews() });
    const again = async () => {
      await stores.close();
      stores = new LogStores({ logs: new MemoryLogs(logs), views: new MemoryViews() });
      return stores;
    };
    return {
      stores,
      again,
      rival: async () => new LogStores({ logs: new MemoryLogs(logs), views: new MemoryViews() }),
    };
  },
});

storeContract('a log in memory, and a view in an LMDB file', {
  start: async () => {
    const logs = new MemoryLogs();
    const dir = tempDir('views');
    let stores = new LogStores({ logs, views: await LmdbViews.open(dir) });
    const again = async () => {
      await stores.close();
      stores = new LogStores({ logs, views: await LmdbViews.open(dir) });
      return stores;
    };
    return { stores, again, rival: async () => new LogStores({ logs, views: new MemoryViews() }) };
  },
});
