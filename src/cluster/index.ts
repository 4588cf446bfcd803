/*
 * What runs jobs on several nodes. Read `claims/claims-machine.ts` first: which partitions a node should claim, open, give back and follow,
 * as a pure function of what it sees; then `node/claims-driver.ts`, which gives that its clock and its beats, `node/node-partitions.ts`,
 * which runs what the claims give, and `job/job-at-node.ts`, which does this node's part of what all ask of a job; `job/cluster-job.ts` is
 * what a user has in hand. Who owns a partition is decided by its log alone (`store/log`): what is here moves partitions, in vain at worst.
 */
export type { LossReason } from './claims/claims-action.js';
export type { PartitionState } from './claims/partition-life.js';
export type { ClusterEngine } from './engine/cluster-engine.js';
export type { ClusterOptions } from './engine/cluster-options.js';
export type { ClusterJob, PartitionView } from './job/cluster-job.js';
export type { ClusterJobOptions } from './job/cluster-job-options.js';
export type { ClusterEvent, ClusterJobEvent } from './node/cluster-event.js';
