import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds. Throws after four seconds: an example that hangs is broken. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (holds()) return;
    await sleep(10);
  }
  throw new Error(`not in time: ${what}`);
}
