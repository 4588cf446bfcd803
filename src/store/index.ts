export { LmdbStores } from './lmdb/lmdb-stores.js';
export { MemoryStores } from './memory/memory-stores.js';
export type { Store, StoreBatch, StoreProvider, StoreRecord, StoreView } from './store.js';
