import { jobKey } from '../job-key.js';

/** Servers have a folder for each stream, and show its name in tables. */
const READABLE = 40;

/** The stream of a partition. */
export const streamName = (job: string, partition: number): string => `MR_${jobKey(job, READABLE)}_${partition}`;

/** The one subject of that stream. */
export const recordSubject = (job: string, partition: number): string => `mr.${jobKey(job, READABLE)}.${partition}`;

/** Where the snapshots of a job are kept. */
export const snapshotsName = (job: string): string => `MR_${jobKey(job, READABLE)}_snapshots`;
