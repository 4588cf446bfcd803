import { test } from 'node:test';
import { DeadlineTimer } from '../../../../src/internal/waiting/deadline-timer.js';

const SOON_MS = 5;
const LATE_MS = 600_000;

/** When the timer fires that was set as `set` says. */
const fires = (set: (timer: DeadlineTimer, now: number) => void): Promise<void> =>
  new Promise((resolve) => {
    set(new DeadlineTimer(() => resolve()), performance.now());
  });

test('a deadline is brought nearer, and never put off', async () => {
  await fires((timer, now) => timer.bring(now + SOON_MS));
  await fires((timer, now) => {
    timer.set(now + LATE_MS);
    timer.bring(now + SOON_MS);
  });
  await fires((timer, now) => {
    timer.set(now + SOON_MS);
    timer.bring(now + LATE_MS);
  });
});
