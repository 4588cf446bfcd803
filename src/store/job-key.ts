import { createHash } from 'node:crypto';

/**
 * A name for a job that is safe where names are few: in file systems and on servers. Letters, digits and hyphens, and its own, also where
 * case does not count. The readable part is for people, the digest makes the difference.
 * @param readable how long the readable part may be
 */
export function jobKey(job: string, readable: number): string {
  const text = job
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, readable);
  return `${text}-${createHash('sha256').update(job).digest('hex').slice(0, 12)}`;
}
