import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors/index.js';

/** Between two attempts, in milliseconds. */
const RETRY_MS = 250;

/**
 * Does again, while there is no answer, what may be done more than once.
 * @param endsAt by `performance.now()`: the last attempt begins before
 * @throws what `work` throws for another reason, or at last
 */
export async function answeredBy<T>(endsAt: number, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!MillraceError.from(error).retryable || performance.now() > endsAt) throw error;
      await sleep(RETRY_MS);
    }
  }
}
