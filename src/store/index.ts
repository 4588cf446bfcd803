/*
 * Where a durable job keeps its state: `millrace/store`. Read `store.ts` first: the port and its rules, for a store of one's own too.
 * `lmdb/` is the one on disk (`lmdb-store.ts`), `memory/` the one for tests. The engine and the contract suites import the port.
 */
export { LmdbStores } from './lmdb/lmdb-stores.js';
export { MemoryStores } from './memory/memory-stores.js';
export type { Store, StoreBatch, StoreProvider, StoreRecord, StoreView } from './store.js';
