import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds. Throws after so many seconds, by default four: an example that hangs is broken. */
export async function until(holds: () => boolean, what: string, seconds = 4): Promise<void> {
  for (let attempt = 0; attempt < seconds * 100; attempt++) {
    if (holds()) return;
    await sleep(10);
  }
  throw new Error(`not in time: ${what}`);
}
