import type { PartitionLog } from './partition-log.js';

/** What who only reads a log needs of it. */
export type ReadableLog = Pick<PartitionLog, 'location' | 'identity' | 'last' | 'read'>;
