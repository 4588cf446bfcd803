import type { RunningJob } from '../../engine/job/running-job.js';
import { statsOf } from './job-stats.js';
import type { Reporter } from './reporter.js';
import { statsBetween } from './stats-line.js';

const EVERY_MS = 1000;

/** Shows the job's statistics once a second until it is disposed, and a last time then. */
export function startStats(job: RunningJob, reporter: Reporter): Disposable {
  let before = statsOf(job.metrics());
  let beforeMs = performance.now();
  const show = (): void => {
    const now = statsOf(job.metrics());
    const nowMs = performance.now();
    reporter.stats(statsBetween(before, now, nowMs - beforeMs));
    before = now;
    beforeMs = nowMs;
  };
  const timer = setInterval(show, EVERY_MS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      show();
    },
  };
}
