import { basename } from 'node:path';
import { Engine } from '../../../../engine/index.js';
import type { Served, ServeOptions } from '../../../../http/index.js';
import { EXIT_CODE, isWrongUsage } from '../../../exit-code.js';
import { startHttp } from '../../../http/start-http.js';
import { ConnectionObserver } from '../../../job/connection-observer.js';
import { statsOf, sumOfStats } from '../../../job/job-stats.js';
import type { Reporter } from '../../../job/reporter.js';
import { RetryObserver } from '../../../job/retry-observer.js';
import { listenForStop } from '../../../job/signal-drain.js';
import { startStatsOf } from '../../../job/stats-ticker.js';
import { checkPlan } from '../check/check-plan.js';
import type { BridgePlan } from '../plan/bridge-plan.js';
import { loadPlan } from './load-plan.js';
import { listenForReload } from './reload-signal.js';
import { RouteRunner } from './route-runner.js';
import { tellLeftovers } from './tell-leftovers.js';

/** What the command line says beside the file. */
export interface FileFlags {
  readonly config: string;
  /** Nothing is run. */
  readonly check: boolean;
  readonly stats: boolean;
  readonly json: boolean;
  /** Undefined: not over HTTP. */
  readonly http: ServeOptions | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs the routes of a file until they are asked to stop, or have all ended. Gives the exit code. */
export async function runBridgeFile(flags: FileFlags, reporter: Reporter): Promise<number> {
  const plan = await loadPlan(flags, reporter);
  if (plan === undefined) return EXIT_CODE.USAGE;
  if (flags.check) return checkPlan(plan, reporter);
  using watch = new ConnectionObserver((event) => reporter.tell(event), 'text');
  watch.tellsPeople = true;
  using _retries = new RetryObserver((event) => reporter.tell(event));
  using stop = listenForStop();
  using reload = listenForReload();
  await using engine = Engine.embedded({ dir: plan.dir, warnings: false });
  let http: Served | undefined;
  try {
    http = await startHttp(engine, flags.http, reporter);
  } catch (error) {
    if (isWrongUsage(error)) throw error;
    reporter.failed(error);
    return EXIT_CODE.FAILED;
  }
  await using _served = http;
  tellLeftovers(plan, reporter);
  const runner = new RouteRunner(plan, engine, reporter);
  runner.start();
  const sample = () =>
    sumOfStats(runner.jobs.flatMap(({ job }) => (job === undefined ? [] : [statsOf(job.metrics())])));
  using _stats = flags.stats ? startStatsOf(sample, reporter) : undefined;
  const signal = await untilStopped(runner, {
    stop: stop.requested,
    reload: reload.next,
    load: (now) => loadNext(flags, reporter, now),
  });
  watch.tellsPeople = false;
  if (signal !== undefined) tellStopping(signal, runner, reporter);
  await runner.stop();
  await engine.shutdown();
  return tellStopped(signal, runner, reporter);
}

interface Causes {
  readonly stop: Promise<NodeJS.Signals>;
  readonly reload: () => Promise<void>;
  readonly load: (now: BridgePlan) => Promise<BridgePlan | undefined>;
}

/** Reloads one after the other; the end waits for none. Gives the signal that asks for it; undefined: all routes have ended. */
async function untilStopped(runner: RouteRunner, { stop, reload, load }: Causes): Promise<NodeJS.Signals | undefined> {
  for (;;) {
    const cause = await Promise.race([
      stop,
      runner.over.then(() => 'over' as const),
      reload().then(() => 'reload' as const),
    ]);
    if (cause === 'over') return undefined;
    if (cause !== 'reload') return cause;
    const plan = await load(runner.plan);
    const signal = plan === undefined ? undefined : await Promise.race([stop, runner.apply(plan)]);
    if (signal !== undefined) return signal;
  }
}

/** What is wrong changes nothing, and is told. */
async function loadNext(flags: FileFlags, reporter: Reporter, now: BridgePlan): Promise<BridgePlan | undefined> {
  const plan = await loadPlan(flags, reporter);
  const isOtherDir = plan !== undefined && plan.dir !== now.dir;
  if (plan !== undefined && !isOtherDir) return plan;
  const why = isOtherDir ? 'dir is another one, for which the bridge must be started anew' : 'it is wrong';
  const text = `${basename(flags.config)} is not taken, all goes on as before: ${why}`;
  reporter.tell({ event: 'not-reloaded', text, facts: { reason: isOtherDir ? 'dir' : 'problems' } });
  return undefined;
}

function tellStopping(signal: NodeJS.Signals, { plan }: RouteRunner, reporter: Reporter): void {
  const text = `${signal}: delivering or storing what was read, at most ${plan.drainTimeoutMs / 1000} s`;
  reporter.tell({ event: 'stopping', text, facts: { signal } });
}

function tellStopped(signal: NodeJS.Signals | undefined, { jobs }: RouteRunner, reporter: Reporter): number {
  const { received, delivered, outbox } = sumOfStats(
    jobs.flatMap(({ job }) => (job === undefined ? [] : [statsOf(job.metrics())])),
  );
  const failed = jobs.filter((job) => job.failed).map(({ route }) => route.name);
  const how = signal === undefined ? `, for ${endedWords(failed.length, jobs.length)}` : ` by ${signal}`;
  const stored = outbox > 0 ? `; ${outbox} stored, which go out at the next start` : '';
  const text = `stopped${how}: ${received} received, ${delivered} delivered${stored}`;
  reporter.tell({ event: 'stopped', text, facts: { received, delivered, outbox, signal, failed } });
  return failed.length > 0 ? EXIT_CODE.FAILED : EXIT_CODE.OK;
}

/** Who has control can drain each of them. */
const endedWords = (failed: number, count: number): string => {
  if (failed === count) return 'all routes have failed';
  return failed === 0 ? 'all routes were drained' : 'all routes have failed or were drained';
};
