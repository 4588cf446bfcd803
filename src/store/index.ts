/*
 * Where a durable job keeps its state: `millrace/store`. Read `store.ts` first: the port and its rules, for a store of one's own too.
 * `lmdb/` is the one on disk, in a directory that is ours alone (`directory/`), `memory/` the one for tests. Read `lmdb/lmdb-store.ts` for a
 * store that is open: `opening/` has made sure of it; `file/` is the binding to LMDB, `records/` what we put into it and read back,
 * `pages/` what LMDB made of that, read without it. The engine and the contract suites import the port.
 */
export { LmdbStores } from './lmdb/lmdb-stores.js';
export type { LogEntry, PartitionLog, PartitionLogs } from './log/partition-log.js';
export type { SnapshotBlobs } from './log/snapshot-blobs.js';
export { MemoryStores } from './memory/memory-stores.js';
export type { Store, StoreBatch, StoreProvider, StoreRecord, StoreView } from './store.js';
