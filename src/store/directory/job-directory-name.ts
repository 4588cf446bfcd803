import { jobKey } from '../job-key.js';

/** Longest readable part: file systems take 255 bytes for a name. */
const MAX_READABLE = 120;

/** A directory name for a job: safe on all file systems (no separators, no dots or spaces, no reserved names). */
export function jobDirectoryName(job: string): string {
  return `job-${jobKey(job, MAX_READABLE)}`;
}
