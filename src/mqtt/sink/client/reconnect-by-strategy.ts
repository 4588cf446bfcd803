import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import { retryWait } from '../../../connector/retry/retry-wait.js';
import { MillraceError } from '../../../errors/millrace-error.js';

/** What it is done with. */
export interface ReconnectParts {
  /** Why there is no connection. */
  readonly error: MillraceError;
  readonly retry: RetryStrategy;
  /** Ends a wait or an attempt with ABORTED. */
  readonly signal: AbortSignal;
}

/**
 * Connects again as the strategy says. Rejects with the connection's error when it is not retryable or the strategy is
 * `never`, with RETRIES_EXHAUSTED after the last attempt, with ABORTED when the signal aborts.
 */
export const reconnectByStrategy = async (
  connection: { reconnect(signal: AbortSignal): Promise<void> },
  { error: first, retry, signal }: ReconnectParts,
): Promise<void> => {
  let failure = first;
  for (let attempt = 1; ; attempt += 1) {
    const wait = failure.retryable ? retryWait(retry, attempt, failure) : failure;
    if (wait instanceof MillraceError) throw wait;
    await pause(wait, signal);
    try {
      await connection.reconnect(signal);
      return;
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      // The connection has failed or is closed: what it failed with says more.
      if (error.code === 'INVALID_STATE') throw failure;
      if (error.code === 'ABORTED') throw error;
      failure = error;
    }
  }
};

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw new MillraceError('ABORTED', 'the sink was closed while it waited to connect again');
  }
};
