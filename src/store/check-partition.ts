import { MillraceError } from '../errors/index.js';
import { isWellFormed } from '../internal/well-formed.js';

/**
 * What a store or a log can be opened by.
 * @throws MillraceError INVALID_OPTIONS
 */
export function checkPartition(job: string, partition: number): void {
  if (job === '' || !isWellFormed(job)) {
    throw new MillraceError('INVALID_OPTIONS', 'a job with a store needs a name, a well-formed string');
  }
  if (Number.isSafeInteger(partition) && partition >= 0) return;
  throw new MillraceError('INVALID_OPTIONS', `partition ${partition} of job ${job}: not a whole number from 0 up`);
}
