import { setTimeout as delay } from 'node:timers/promises';

/** How long a `close` may take that waits for nobody, on a busy machine too: less than an engine gives the functions that it calls there. */
export const CLOSE_MS = 4_000;

/** Whether the promise settles within `ms`. A rejection is passed on. */
export const settlesWithin = async (promise: Promise<unknown>, ms: number): Promise<boolean> => {
  const stop = new AbortController();
  const late = delay(ms, false, { signal: stop.signal }).catch(() => false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    stop.abort();
  }
};
