import { Worker } from 'node:worker_threads';
import type { ClusterOutcome } from './cluster-history.js';
import { playSchedule } from './cluster-history.js';

/** What many schedules came to. */
export interface ScheduleTally {
  played: number;
  openings: number;
  delivered: number;
  steps: number;
  readonly fired: Record<string, number>;
  /** The first that breaks a promise, in words. */
  failure: string | undefined;
}

export const emptyTally = (): ScheduleTally => ({
  played: 0,
  openings: 0,
  delivered: 0,
  steps: 0,
  fired: {},
  failure: undefined,
});

/** Plays the seeds from `from` up to, not including, `end`, until one fails. */
export async function playSchedules(from: number, end: number): Promise<ScheduleTally> {
  const tally = emptyTally();
  for (let seed = from; seed < end && tally.failure === undefined; seed += 1) {
    tallied(tally, await playSchedule(seed), 'cluster-schedules');
    // the runner's own timers, and what the garbage collector has put off
    if (seed % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return tally;
}

/** As `playSchedules`, in as many threads. */
export async function playInThreads(count: number, threads: number): Promise<ScheduleTally> {
  const share = Math.ceil(count / threads);
  const tallies = await Promise.all(
    Array.from({ length: threads }, (_, index) => inThread(index * share, Math.min(count, (index + 1) * share))),
  );
  return tallies.reduce(merge, emptyTally());
}

function inThread(from: number, end: number): Promise<ScheduleTally> {
  const program = import.meta.resolve('./play-schedules.js');
  const thread = new URL('./schedule-thread.mjs', import.meta.url);
  const worker = new Worker(thread, { workerData: { program, from, end } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** @param test the family of histories, by which `scripts/replay-seed.mjs` plays one again */
export function tallied(tally: ScheduleTally, outcome: ClusterOutcome, test: string): void {
  const { schedule, verdicts, fired, openings, delivered, steps } = outcome;
  tally.played += 1;
  tally.openings += openings;
  tally.delivered += delivered;
  tally.steps += steps;
  for (const [kind, count] of fired) tally.fired[kind] = (tally.fired[kind] ?? 0) + count;
  if (verdicts.length === 0) return;
  const again = `again: node scripts/replay-seed.mjs ${test} ${schedule.seed}`;
  const lines = [`seed ${schedule.seed}: ${verdicts[0]}`, ...verdicts.slice(1, 5), again, JSON.stringify(schedule)];
  tally.failure = lines.join('\n');
}

function merge(a: ScheduleTally, b: ScheduleTally): ScheduleTally {
  const fired = { ...a.fired };
  for (const [kind, count] of Object.entries(b.fired)) fired[kind] = (fired[kind] ?? 0) + count;
  return {
    played: a.played + b.played,
    openings: a.openings + b.openings,
    delivered: a.delivered + b.delivered,
    steps: a.steps + b.steps,
    fired,
    failure: a.failure ?? b.failure,
  };
}
