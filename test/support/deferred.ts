import { type Deferred, deferred as made } from '../../src/internal/deferred.js';

export type { Deferred };

/**
 * As the sources have it, for tests that wait for a call to happen. An unawaited rejection is not reported: the test that made it decides.
 */
export function deferred<T = void>(): Deferred<T> {
  const one = made<T>();
  one.promise.catch(() => {});
  return one;
}
