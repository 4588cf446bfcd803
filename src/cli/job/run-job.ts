import type { ClusterJobEvent } from '../../cluster/node/cluster-event.js';
import type { JobRunner, RunningJob } from '../../engine/index.js';
import { MillraceError } from '../../errors/index.js';
import type { Served, ServeOptions } from '../../http/index.js';
import { EXIT_CODE, isWrongUsage } from '../exit-code.js';
import { startHttp } from '../http/start-http.js';
import { ConnectionObserver } from './connection-observer.js';
import type { JobPlace } from './job-place.js';
import type { Reporter } from './reporter.js';
import { RetryObserver } from './retry-observer.js';
import { listenForStop } from './signal-drain.js';
import { startStats } from './stats-ticker.js';
import { tellClusterEvent } from './tell-cluster-event.js';
import { tellJobEvent } from './tell-job-event.js';
import { untilRunning } from './until-running.js';

/** A pipeline to run until it ends, fails or is asked to stop. */
export interface JobTask<Runner extends JobRunner> {
  /** Where it runs. */
  readonly place: JobPlace<Runner>;
  /** A line of figures each second. */
  readonly stats: boolean;
  /** Where it is told over HTTP how the job stands; undefined: nowhere. */
  readonly http: ServeOptions | undefined;
  /** How long a graceful stop waits, for the line that says so. */
  readonly drainTimeoutMs: number;
  /** How long it may take until the job runs; 0: for ever. */
  readonly startTimeoutMs: number;
  /** What runs, for the line that says RUNNING. */
  readonly title: string;
  /** Whether that line says which sinks are away. Not of what ends by itself, and may have nothing for them. */
  readonly tellsAway: boolean;
  /** Told of all that happens. */
  readonly reporter: Reporter;
}

/**
 * Runs the job and gives the exit code. The first SIGINT or SIGTERM ends in order what runs here, a second one ends the process. What
 * cannot work is thrown before anything is opened (wrong usage); what fails later is reported in one line.
 */
export async function runJob<Runner extends JobRunner>(task: JobTask<Runner>): Promise<number> {
  const { reporter, place } = task;
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  watch.tellsPeople = task.startTimeoutMs === 0;
  using _retries = new RetryObserver((event) => reporter.tell(event));
  using stop = listenForStop();
  const opening = place.open();
  let opened: Runner;
  try {
    opened = await opening;
  } catch (error) {
    return tellFailed(error, reporter);
  }
  await using runner = opened;
  // before the job, of whose start it tells, and after it: while it ends, it is asked, too
  let http: Served | undefined;
  try {
    http = await startHttp(runner, task.http, reporter);
  } catch (error) {
    if (isWrongUsage(error)) throw error;
    return tellFailed(error, reporter);
  }
  await using _served = http;
  const teller = new JobTeller(task, watch);
  const job = place.newJob(runner, (event) => teller.tell(event));
  void stop.requested.then((signal) => {
    void runner.shutdown();
    teller.stopping(signal);
  });
  try {
    await untilRunning(job, task.startTimeoutMs, watch);
    using _stats = task.stats ? startStats(job, reporter) : undefined;
    await job.join();
  } catch (error) {
    if (!teller.hasLeft(error)) {
      return tellFailed(error, reporter);
    }
  }
  teller.stopped(job);
  return EXIT_CODE.OK;
}

function tellFailed(error: unknown, reporter: Reporter): number {
  reporter.failed(error);
  return EXIT_CODE.FAILED;
}

/** Says as lines what becomes of a job. */
class JobTeller<Runner extends JobRunner> {
  readonly #task: JobTask<Runner>;
  readonly #watch: ConnectionObserver;
  #keeps: boolean;
  #away: readonly string[] = [];
  #signal: NodeJS.Signals | undefined;
  #drained = true;

  constructor(task: JobTask<Runner>, watch: ConnectionObserver) {
    this.#task = task;
    this.#watch = watch;
    this.#keeps = task.place.keeps;
  }

  tell(event: ClusterJobEvent): void {
    const { reporter, title } = this.#task;
    switch (event.kind) {
      case 'status':
        if (event.status === 'RUNNING') this.#running(event.job);
        else if (event.status === 'SUSPENDED')
          reporter.tell({ event: 'suspended', text: `SUSPENDED ${title}`, facts: { job: event.job } });
        break;
      case 'restarting':
      case 'recovered':
      case 'sinks-away':
      case 'sink-open':
      case 'stopped-early':
      case 'store-unused':
        if (event.kind === 'store-unused') this.#keeps = false;
        if (event.kind === 'sinks-away') this.#away = event.sinks;
        if (event.kind === 'stopped-early') this.#drained = false;
        tellJobEvent(event, reporter);
        break;
      default:
        tellClusterEvent(event, reporter);
    }
  }

  stopping(signal: NodeJS.Signals): void {
    this.#signal = signal;
    this.#watch.tellsPeople = false;
    const { place, drainTimeoutMs, reporter } = this.#task;
    const doing = place.handsOver
      ? 'handing over what this node has'
      : `${this.#keeps ? 'storing' : 'delivering'} what was read`;
    const text = `${signal}: ${doing}, at most ${drainTimeoutMs / 1000} s`;
    reporter.tell({ event: 'stopping', text, facts: { signal } });
  }

  /** The job goes on elsewhere, as it was asked for: nothing has failed. */
  hasLeft(error: unknown): boolean {
    const isLeft = error instanceof MillraceError && error.code === 'ABORTED';
    return this.#task.place.handsOver && this.#signal !== undefined && isLeft;
  }

  stopped(job: RunningJob): void {
    const { place, reporter } = this.#task;
    const { itemsReceived, itemsDelivered, itemsInFlight, outboxMessages } = job.metrics();
    const signal = this.#signal;
    const how = signal === undefined ? '' : ` by ${signal}${place.handsOver ? ', handed over' : ''}`;
    const counts = `${itemsReceived} received, ${itemsDelivered} delivered`;
    const stored = outboxMessages > 0 ? `; ${outboxMessages} stored, which go out at the next start` : '';
    const open = this.#drained ? '' : '; not all was delivered in time, the rest stays unacknowledged';
    reporter.tell({
      event: 'stopped',
      text: `stopped${how}: ${counts}${stored}${open}`,
      facts: {
        received: itemsReceived,
        delivered: itemsDelivered,
        inFlight: itemsInFlight,
        outbox: outboxMessages,
        signal,
        drained: this.#drained,
      },
    });
  }

  /** The line says which sinks are not connected yet, and which brokers are spoken to in an older version than 5.0. */
  #running(job: string): void {
    if (this.#signal !== undefined) return;
    this.#watch.tellsPeople = true;
    const { title, tellsAway, reporter } = this.#task;
    const { older } = this.#watch;
    const away = this.#away;
    this.#away = [];
    const names = away.map((sink) => `sink "${sink}"`).join(', ');
    const waiting = away.length === 0 || !tellsAway ? '' : `; ${names} not connected yet: what is for it is stored`;
    const versions = older.length === 0 ? '' : ` (${older.join(', ')})`;
    const text = `RUNNING ${title}${versions}${waiting}`;
    reporter.tell({ event: 'running', text, facts: { job, away, older } });
  }
}
