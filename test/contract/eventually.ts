import { setTimeout as delay } from 'node:timers/promises';

/** Asks again until `check` gives true; fails after two seconds. For facts that only the other side knows. */
export const eventually = async (check: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadlineMs = performance.now() + 2000;
  while (!(await check())) {
    if (performance.now() > deadlineMs) throw new Error(`not within two seconds: ${what}`);
    await delay(5);
  }
};

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
