import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { Metrics } from '../../metrics/metrics.js';
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
  /** The same in bytes of inputs, as a source counts them: an MQTT message with its properties and objects. Default 64 MiB. One poll may overshoot it. */
  readonly maxBytesInFlight?: number | undefined;
  /**
   * How many messages the outbox of one client of a sink may have on disk, in a job with a store. Default 1,000,000. When it is full,
   * nothing is polled until some are delivered.
   */
  readonly maxOutboxMessages?: number | undefined;
  /** The same in bytes of messages. Default 1 GiB. */
  readonly maxOutboxBytes?: number | undefined;
  /** When and how often a job that failed runs again, for errors that may pass. */
  readonly restart?: RestartOptions | undefined;
  /**
   * Parts that were taken out of the pipeline while something is stored for them, which is given up for good: `source x`, `sink x`,
   * `stage x`, or `client x` for a client of a sink. Without it such a job is refused with JOB_CHANGED, which names them.
   */
  readonly giveUp?: readonly string[] | undefined;
  /** Where the job and its connectors count. Default: a registry of the job's own, read by `job.metrics()`. */
  readonly metrics?: Metrics | undefined;
  /** Told of each change of status, at once. What it throws, or rejects with, is ignored. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
}

/** {@link JobOptions} with every default applied. */
export interface ResolvedJobOptions {
  readonly name: string;
  readonly processingGuarantee: ProcessingGuarantee | undefined;
  readonly signal: AbortSignal | undefined;
  readonly drainTimeoutMs: number;
  readonly maxItemsInFlight: number;
  readonly maxBytesInFlight: number;
  readonly maxOutboxMessages: number;
  readonly maxOutboxBytes: number;
  /** As it was given: its defaults depend on whether the job has a store (`resolveRestart`). */
  readonly restart: RestartOptions;
  /** Checked for its form; whether there are such parts only the store knows. */
  readonly giveUp: readonly string[];
  readonly metrics: Metrics;
  readonly onEvent: ((event: JobEvent) => void) | undefined;
}

const GUARANTEES: Readonly<Record<ProcessingGuarantee, true>> = {
  none: true,
  'at-least-once': true,
  'exactly-once': true,
};

const PART = /^(source|sink|stage|client) ./s;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

const problemsOf = (options: ResolvedJobOptions): string[] => {
  const { name, processingGuarantee, drainTimeoutMs, maxItemsInFlight, maxBytesInFlight } = options;
  const { maxOutboxMessages, maxOutboxBytes, restart } = options;
  const problems: string[] = [];
  if (name === '') problems.push('name must not be empty');
  if (processingGuarantee !== undefined && !Object.hasOwn(GUARANTEES, processingGuarantee)) {
    problems.push(`processingGuarantee must be one of ${Object.keys(GUARANTEES).join(', ')}`);
  }
  if (!(drainTimeoutMs >= 0 && drainTimeoutMs <= LONGEST_TIMER_MS)) {
    problems.push(`drainTimeoutMs must be from 0 to ${LONGEST_TIMER_MS}, not ${drainTimeoutMs}`);
  }
  for (const [option, value] of Object.entries({
    maxItemsInFlight,
    maxBytesInFlight,
    maxOutboxMessages,
    maxOutboxBytes,
  })) {
    if (!(Number.isSafeInteger(value) && value >= 1))
      problems.push(`${option} must be a whole number from 1, not ${value}`);
  }
  const unclear = options.giveUp.filter((part) => !PART.test(part));
  if (unclear.length > 0)
    problems.push(`giveUp: ${unclear.join(', ')}: name a part as 'sink x', 'stage x', 'source x' or 'client x'`);
  const { userFunctions, ...numbers } = restart;
  if (userFunctions !== undefined && typeof userFunctions !== 'boolean') {
    problems.push(`restart.userFunctions must be true or false, not ${userFunctions}`);
  }
  for (const [option, value] of Object.entries(numbers)) {
    if (value !== undefined && !(value >= 0)) problems.push(`restart.${option} must be 0 or more, not ${value}`);
  }
  return problems;
};

/** A job without a store is not run again unless its owner says so. */
export const resolveRestart = ({ restart }: ResolvedJobOptions, durable: boolean): ResolvedRestart => ({
  maxAttempts: restart.maxAttempts ?? (durable ? 10 : 0),
  minBackoffMs: restart.minBackoffMs ?? 1000,
  maxBackoffMs: restart.maxBackoffMs ?? 30_000,
  userFunctions: restart.userFunctions ?? false,
});

/** @throws MillraceError INVALID_OPTIONS that names every bad value */
export const resolveJobOptions = (options: JobOptions, defaultName: string): ResolvedJobOptions => {
  const resolved: ResolvedJobOptions = Object.freeze({
    name: options.name ?? defaultName,
    processingGuarantee: options.processingGuarantee,
    signal: options.signal,
    drainTimeoutMs: options.drainTimeoutMs ?? 10_000,
    maxItemsInFlight: options.maxItemsInFlight ?? 16_384,
    maxBytesInFlight: options.maxBytesInFlight ?? 64 * 1024 * 1024,
    maxOutboxMessages: options.maxOutboxMessages ?? 1_000_000,
    maxOutboxBytes: options.maxOutboxBytes ?? 1024 ** 3,
    restart: options.restart ?? {},
    giveUp: options.giveUp ?? [],
    metrics: options.metrics ?? new MetricsRegistry(),
    onEvent: options.onEvent,
  });
  const problems = problemsOf(resolved);
  if (problems.length === 0) return resolved;
  throw new MillraceError('INVALID_OPTIONS', `job: ${problems.join('; ')}`, { details: { problems } });
};
