import { guaranteeCheck } from '../../connector/option-checks.js';
import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import { checkOptions, type OptionChecks, options } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import {
  abortSignal,
  count,
  flag,
  func,
  listOf,
  milliseconds,
  mustShown,
  someText,
} from '../../internal/options/option-checks.js';
import type { Metrics } from '../../metrics/metrics.js';
import { metricsPort } from '../../metrics/metrics-check.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import type { JobEvent } from './job-event.js';
import type { ResolvedRestart, RestartOptions } from './restart-policy.js';

/** How a job runs. */
export interface JobOptions {
  /** Unique among the jobs of the engine that have not ended. Default: `job-1`, `job-2`, …; a job with a store must have one. */
  readonly name?: string | undefined;
  /** Default: the weakest that the sources give by default. */
  readonly processingGuarantee?: ProcessingGuarantee | undefined;
  /** Aborting it cancels the job. */
  readonly signal?: AbortSignal | undefined;
  /** How long a graceful stop waits for what is in flight. Milliseconds, default 10,000. */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * How many inputs may be taken and not complete, and how many outputs may wait for a sink. Default 16,384. Sources share it
   * equally. It is checked before an input is taken: the outputs of one input, and of mapAsync calls under way, may overshoot it.
   */
  readonly maxItemsInFlight?: number | undefined;
  /**
   * The same in bytes of inputs, as a source counts them: an MQTT message with its properties and objects. Default 64 MiB. One poll may
   * overshoot it.
   */
  readonly maxBytesInFlight?: number | undefined;
  /**
   * How many messages the outbox of one client of a sink may have on disk, in a job with a store. Default 1,000,000. When it is full,
   * the sources that lead to it are not polled until some are delivered.
   */
  readonly maxOutboxMessages?: number | undefined;
  /** The same in bytes of messages. Default 1 GiB. */
  readonly maxOutboxBytes?: number | undefined;
  /**
   * How many states of keys stay in memory that the store has as well, in a job with a store. Default 500,000. Its stages with state share it
   * equally. Those that changed since the last commit are kept beyond it, until that; others are read again when their key comes.
   */
  readonly maxCachedStates?: number | undefined;
  /** The same in bytes, an estimate of the memory that they take. Default 128 MiB. */
  readonly maxCachedStateBytes?: number | undefined;
  /** When and how often a job that failed runs again, for errors that may pass. */
  readonly restart?: RestartOptions | undefined;
  /**
   * Parts that were taken out of the pipeline while something is stored for them, which is given up for good: `source x`, `sink x`,
   * `stage x`, `timers x` for a stage that keeps none any more, or `client x` for a client of a sink. Without it such a job is refused with JOB_CHANGED, which names them.
   */
  readonly giveUp?: readonly string[] | undefined;
  /**
   * Stages, by their names, whose stored state (or pending calls) goes for good where the pipeline has no place for it: the stage is gone, keeps
   * another kind of thing, or has a codec that cannot read the state. What has a place stays. Default: none, and JOB_CHANGED names the
   * stages. A name that was never one of a stage with state is INVALID_OPTIONS.
   */
  readonly dropState?: readonly string[] | undefined;
  /**
   * The name of a snapshot (`exportSnapshot`) with whose state the job begins, where it has nothing stored yet; a job that began with it goes on
   * from what it has stored, so the option may stay. One that has stored something else is refused with INVALID_STATE, a name that is none with
   * INVALID_OPTIONS. Positions, sessions and outboxes begin anew (docs/operations.md).
   */
  readonly initialSnapshot?: string | undefined;
  /** Where the job and its connectors count. Default: a registry of the job's own, read by `job.metrics()`. */
  readonly metrics?: Metrics | undefined;
  /** Told of each change of status, at once. What it throws, or rejects with, is a process warning, and fails nothing. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
}

/** {@link JobOptions} with every default applied. */
export interface ResolvedJobOptions {
  /** Unique among the jobs of the engine that have not ended. */
  readonly name: string;
  /** Undefined: the weakest that the sources give by default. */
  readonly processingGuarantee: ProcessingGuarantee | undefined;
  /** Aborting it cancels the job. */
  readonly signal: AbortSignal | undefined;
  /** Milliseconds that a graceful stop waits. Default 10,000. */
  readonly drainTimeoutMs: number;
  /** Default 16,384. */
  readonly maxItemsInFlight: number;
  /** Of inputs, as a source counts them. Default 64 MiB. */
  readonly maxBytesInFlight: number;
  /** For each client of a sink. Default 1,000,000. */
  readonly maxOutboxMessages: number;
  /** For each client of a sink. Default 1 GiB. */
  readonly maxOutboxBytes: number;
  /** For all stages together. Default 500,000. */
  readonly maxCachedStates: number;
  /** For all stages together. Default 128 MiB. */
  readonly maxCachedStateBytes: number;
  /** As it was given: its defaults depend on whether the job has a store (`resolveRestart`). */
  readonly restart: RestartOptions;
  /** Checked for its form; whether there are such parts only the store knows. */
  readonly giveUp: readonly string[];
  /** The same of stages. */
  readonly dropState: readonly string[];
  /** Undefined: it begins with nothing. */
  readonly initialSnapshot: string | undefined;
  /** Default: a registry of the job's own. */
  readonly metrics: Metrics;
  /** Whether it is that. */
  readonly ownMetrics: boolean;
  /** What it throws, or rejects with, fails nothing. */
  readonly onEvent: ((event: JobEvent) => void) | undefined;
}

const PART = /^(source|sink|stage|timers|client) ./s;
const part = mustShown("a part as 'sink x', 'stage x', 'source x', 'timers x' or 'client x'", (value) =>
  PART.test(String(value)),
);
const fromZero = mustShown('a number from 0', (value) => typeof value === 'number' && value >= 0);

const RESTART: OptionChecks<RestartOptions> = {
  maxAttempts: fromZero,
  minBackoffMs: fromZero,
  maxBackoffMs: fromZero,
  userFunctions: flag,
};

const JOB: OptionChecks<JobOptions> = {
  name: someText,
  processingGuarantee: guaranteeCheck,
  signal: abortSignal,
  drainTimeoutMs: milliseconds,
  maxItemsInFlight: count,
  maxBytesInFlight: count,
  maxOutboxMessages: count,
  maxOutboxBytes: count,
  maxCachedStates: count,
  maxCachedStateBytes: count,
  restart: options(RESTART),
  giveUp: listOf(part),
  dropState: listOf(someText),
  initialSnapshot: someText,
  metrics: metricsPort,
  onEvent: func,
};

/** A job without a store is not run again unless its owner says so. */
export const resolveRestart = ({ restart }: ResolvedJobOptions, durable: boolean): ResolvedRestart => ({
  maxAttempts: restart.maxAttempts ?? (durable ? 10 : 0),
  minBackoffMs: restart.minBackoffMs ?? 1000,
  maxBackoffMs: restart.maxBackoffMs ?? 30_000,
  userFunctions: restart.userFunctions ?? false,
});

/** What is wrong with the options of a job, as sentences: for whoever takes them from elsewhere. */
export const jobOptionProblems = (given: unknown): readonly string[] => checkOptions('the job', given, JOB).problems;

/** @throws MillraceError INVALID_OPTIONS that names every bad value */
export const resolveJobOptions = (given: JobOptions, defaultName: string): ResolvedJobOptions => {
  const { options: asked, problems } = checkOptions('the job', given, JOB);
  if (problems.length > 0) throw invalidOptions('job', problems);
  return Object.freeze({
    name: asked.name ?? defaultName,
    processingGuarantee: asked.processingGuarantee,
    signal: asked.signal,
    drainTimeoutMs: asked.drainTimeoutMs ?? 10_000,
    maxItemsInFlight: asked.maxItemsInFlight ?? 16_384,
    maxBytesInFlight: asked.maxBytesInFlight ?? 64 * 1024 * 1024,
    maxOutboxMessages: asked.maxOutboxMessages ?? 1_000_000,
    maxOutboxBytes: asked.maxOutboxBytes ?? 1024 ** 3,
    maxCachedStates: asked.maxCachedStates ?? 500_000,
    maxCachedStateBytes: asked.maxCachedStateBytes ?? 128 * 1024 * 1024,
    restart: asked.restart ?? {},
    giveUp: asked.giveUp ?? [],
    dropState: asked.dropState ?? [],
    initialSnapshot: asked.initialSnapshot,
    metrics: asked.metrics ?? new MetricsRegistry(),
    ownMetrics: asked.metrics === undefined,
    onEvent: asked.onEvent,
  });
};
