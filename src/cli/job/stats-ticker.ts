import type { RunningJob } from '../../engine/job/running-job.js';
import { statsOf } from './job-stats.js';
import type { Reporter } from './reporter.js';
import { type StatsSample, statsBetween } from './stats-line.js';

const EVERY_MS = 1000;

/** Shows the job's statistics once a second until it is disposed, and a last time then. */
export const startStats = (job: RunningJob, reporter: Reporter): Disposable =>
  startStatsOf(() => statsOf(job.metrics()), reporter);

/** The same of what gives a sample at any time. */
export function startStatsOf(sample: () => StatsSample, reporter: Reporter): Disposable {
  let before = sample();
  let beforeMs = performance.now();
  const show = (): void => {
    const now = sample();
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
