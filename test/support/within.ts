import { withinMs } from '../../src/internal/waiting/within-ms.js';

/** Gives the promise's outcome, or rejects with `what` when it takes longer than `timeoutMs`. The timer does not outlive the promise. */
export const within = <T>(promise: Promise<T>, timeoutMs: number, what: string | (() => string)): Promise<T> =>
  withinMs(
    promise,
    timeoutMs,
    () => new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`),
  );
