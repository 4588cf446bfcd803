import { MillraceError } from '../../errors/index.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import { unlessAborted } from '../../internal/waiting/unless-aborted.js';

/** How long, and until when, servers may be without an answer. */
export interface Patience {
  /** By `performance.now()`: the last attempt begins before. */
  readonly endsAt: number;
  /** Ends it at once; an attempt that is under way is left to itself. */
  readonly signal: AbortSignal;
}

/** Between two attempts, in milliseconds. */
const RETRY_MS = 250;

/**
 * Does again, while there is no answer, what may be done more than once.
 * @throws what `work` throws for another reason, or at last; the reason of the signal
 */
export async function answeredBy<T>({ endsAt, signal }: Patience, work: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await unlessAborted(work(), signal);
    } catch (error) {
      if (!MillraceError.from(error).retryable || performance.now() > endsAt) throw error;
      await abortableWait(RETRY_MS, signal);
    }
  }
}
