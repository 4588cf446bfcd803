import { createHash } from 'node:crypto';

/** Longest readable part: file systems take 255 bytes for a name. */
const MAX_READABLE = 120;

/**
 * A directory name for a job: safe on all file systems (no separators, no dots or spaces, no reserved names) and its own, also where
 * case does not count. The readable part is for people, the digest makes the difference.
 */
export function jobDirectoryName(job: string): string {
  const readable = job
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_READABLE);
  return `job-${readable}-${createHash('sha256').update(job).digest('hex').slice(0, 12)}`;
}
