/*
 * Where a durable job keeps its state: `millrace/store`. Read `store.ts` first: the port and its rules, for a store of one's own too.
 * `embedded/` is the one in a directory that is ours alone (`directory/`): a log in files (`log/file/`) with a view in LMDB (`lmdb/view/`).
 * `backup/` copies one while it is used. `log/` makes a store of any log and view, `jetstream/` is the log of a cluster, `memory/` a store for tests. `lmdb/lmdb-store.ts` is what
 * earlier versions had: `lmdb/opening/` makes sure of a file, `file/` is the binding to LMDB, `records/` what we put into it and read back,
 * `pages/` what LMDB made of that, read without it. The engine and the contract suites import the port.
 */
export { type Backup, backupDirectory } from './backup/backup-directory.js';
export type { CopiedPartition } from './backup/copy-partition.js';
export { LmdbStores } from './lmdb/lmdb-stores.js';
export type { LogEntry, PartitionLog, PartitionLogs } from './log/partition-log.js';
export type { SnapshotBlobs } from './log/snapshot-blobs.js';
export { MemoryStores } from './memory/memory-stores.js';
export type { Store, StoreBatch, StoreMoment, StoreProvider, StoreRecord, StoreView } from './store.js';
