import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from './limits.js';

/** How long and how often {@link until} looks. */
export interface UntilOptions {
  /** Default PATIENCE_MS. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly intervalMs?: number;
  /** What is awaited, for the error. A function is asked when the time is over. */
  readonly what?: string | (() => string);
}

/**
 * Resolves with the first truthy value of `probe` (which may be async); rejects with what was awaited when the time is over.
 * For conditions that have no event to await; everything else awaits its event.
 */
export async function until<T>(probe: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const { timeoutMs = PATIENCE_MS, intervalMs = 5, what = () => probe.toString() } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && isTruthy(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(intervalMs);
  }
}

function isTruthy(value: unknown): boolean {
  return Boolean(value);
}
