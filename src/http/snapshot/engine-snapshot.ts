import type { JobMetrics } from '../../engine/job/job-metrics.js';
import type { RunningJob } from '../../engine/job/running-job.js';
import type { JobRunner } from '../../engine/job-runner.js';
import type { EndedJob, ProcessListener } from '../told/process-listener.js';
import type { ToldEvent } from '../told/told-events.js';
import { connectionsOf, isAbout } from './belongs-to-job.js';
import { JobHistories } from './job-histories.js';
import { type JobTotals, ratesBetween, totalsOf } from './job-rates.js';
import { reasonsOf } from './job-reasons.js';
import type { JobFigures, JobSnapshot } from './job-snapshot.js';
import { partFigures } from './part-figures.js';
import { StandingWindows } from './standing-windows.js';

/** All that is answered of the jobs of an engine, as they stand at an instant. Plain data, nothing secret, bounded for each job. */
export interface EngineSnapshot {
  /** By the clock of the machine, as ISO 8601. */
  readonly time: string;
  /** Those that have not ended. */
  readonly jobs: readonly JobSnapshot[];
  /** The last 16 that have, since the server began. */
  readonly ended: readonly EndedJob[];
  /** Whether jobs may be suspended, resumed, drained, restarted and exported here, by who has the token. */
  readonly control: boolean;
}

/** What a snapshot was made of: the text of metrics and what is ready are made of the same. */
export interface Looked {
  readonly snapshot: EngineSnapshot;
  /** Of the jobs, in their order. */
  readonly metrics: readonly JobMetrics[];
  /** Of the jobs, with this look. */
  readonly histories: JobHistories['rows'];
}

const MOST_EVENTS = 50;
const MOST_ERRORS = 10;

/** Looks at the jobs of an engine: the one place where that is done. */
export class EngineObserver {
  readonly #engine: Pick<JobRunner, 'jobs'>;
  readonly #listener: ProcessListener;
  readonly #control: boolean;
  /** At the last look, by job. */
  #totals: ReadonlyMap<string, JobTotals> = new Map();
  #windows: ReadonlyMap<string, StandingWindows> = new Map();
  readonly #histories = new JobHistories();

  /** @param control whether jobs may be controlled where this is shown */
  constructor(engine: Pick<JobRunner, 'jobs'>, listener: ProcessListener, control: boolean) {
    this.#engine = engine;
    this.#listener = listener;
    this.#control = control;
  }

  /** Each look is what the rates of the next begin at. */
  look(nowMs: number): Looked {
    const { jobs } = this.#engine;
    const metrics = jobs.map((job) => job.metrics());
    const events = this.#listener.events.since(0);
    const looked = jobs.map((job, index) => this.#jobOf(job, metrics[index] ?? job.metrics(), events, nowMs));
    this.#totals = new Map(looked.map(({ job, totals }) => [job.name, totals]));
    this.#windows = new Map(looked.map(({ job, standing }) => [job.name, standing]));
    const time = new Date();
    const snapshot: EngineSnapshot = {
      time: time.toISOString(),
      jobs: looked.map(({ job }) => job),
      ended: this.#listener.ended,
      control: this.#control,
    };
    this.#histories.add(snapshot.jobs, time.getTime());
    return { snapshot, metrics, histories: this.#histories.rows };
  }

  #jobOf(job: RunningJob, metrics: JobMetrics, all: readonly ToldEvent[], nowMs: number) {
    const { name, status, plan } = job;
    const { samples, ownSamples: _, ...counts } = metrics;
    const totals = totalsOf(metrics, name, nowMs);
    const events = all.filter(({ facts }) => isAbout(job, facts));
    const errors = events.filter(({ facts }) => facts.error !== undefined);
    const figures = partFigures(samples, name, plan.limits);
    const standing = this.#windows.get(name) ?? new StandingWindows();
    const shown: JobFigures = {
      name,
      status,
      plan,
      counts,
      rates: ratesBetween(this.#totals.get(name), totals),
      ...figures,
      windows: standing.look(figures.windows, figures.sinks, nowMs),
      sessions: connectionsOf(job, this.#listener.connections.all),
      awaitedTables: this.#listener.tables.of(name),
      events: events.slice(-MOST_EVENTS),
      errors: errors.slice(-MOST_ERRORS),
    };
    return { job: { ...shown, reasons: reasonsOf(shown) }, totals, standing };
  }
}
