export { LmdbStores } from './lmdb-stores.js';
export { MemoryStores } from './memory-stores.js';
export type { Store, StoreBatch, StoreProvider, StoreRecord, StoreView } from './store.js';
