import { Engine } from '../../engine/engine.js';
import type { Job } from '../../engine/job/job.js';
import type { JobOptions } from '../../engine/job/job-options.js';
import { MillraceError } from '../../errors/index.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EXIT_CODE } from '../exit-code.js';
import type { CommonOptions } from '../options/common-options.js';
import { ConnectionObserver } from './connection-observer.js';
import type { Reporter } from './reporter.js';
import { RetryObserver } from './retry-observer.js';
import { listenForStop } from './signal-drain.js';
import { startStats } from './stats-ticker.js';
import { tellJobEvent } from './tell-job-event.js';

/** A pipeline to run until it ends, fails or is asked to stop. */
export interface JobTask {
  /** Built, and not run yet. */
  readonly pipeline: Pipeline;
  /** Of the command line: they hold where both say something. */
  readonly options: CommonOptions;
  /** What else the command, or its module, says of the job. */
  readonly jobOptions: JobOptions;
  /** How long it may take until the job runs; 0: for ever. */
  readonly startTimeoutMs: number;
  /** What runs, for the line that says RUNNING. */
  readonly title: string;
  /** Told of all that happens. */
  readonly reporter: Reporter;
}

/**
 * Runs the job and gives the exit code. The first SIGINT or SIGTERM drains it, a second one ends the process. What cannot work
 * is thrown before anything is opened (wrong usage); what fails later is reported in one line.
 */
export async function runJob(task: JobTask): Promise<number> {
  const { reporter, options } = task;
  using watch = new ConnectionObserver((event) => reporter.tell(event));
  watch.tellsPeople = task.startTimeoutMs === 0;
  using _retries = new RetryObserver((event) => reporter.tell(event));
  using stop = listenForStop();
  await using engine = Engine.embedded({ dir: options.dir, warnings: false });
  let keeps = options.dir !== undefined;
  let away: readonly string[] = [];
  const job = engine.newJob(task.pipeline, {
    ...task.jobOptions,
    drainTimeoutMs: options.drainTimeoutMs,
    giveUp: [...(task.jobOptions.giveUp ?? []), ...options.giveUp],
    onEvent: (event) => {
      if (event.kind === 'store-unused') keeps = false;
      if (event.kind === 'sinks-away') away = event.sinks;
      tellJobEvent(event, reporter);
      // its promise too: a rejection would end the process
      return task.jobOptions.onEvent?.(event);
    },
  });
  let signal: NodeJS.Signals | undefined;
  let drained: Promise<boolean> | undefined;
  void stop.requested.then((name) => {
    signal = name;
    watch.tellsPeople = false;
    drained = job.drain();
    const doing = keeps ? 'storing' : 'delivering';
    const text = `${name}: ${doing} what was read, at most ${options.drainTimeoutMs / 1000} s`;
    reporter.tell({ event: 'stopping', text, facts: { signal: name } });
  });
  try {
    await untilRunning(job, task.startTimeoutMs, watch);
    watch.tellsPeople = signal === undefined;
    if (signal === undefined) tellRunning(task, job, { away, older: watch.older });
    using _stats = options.stats ? startStats(job, reporter) : undefined;
    await job.join();
  } catch (error) {
    reporter.failed(error);
    return EXIT_CODE.FAILED;
  }
  tellStopped(job, reporter, { signal, drained: (await drained) ?? true });
  return EXIT_CODE.OK;
}

/** What falls short when the job begins to run. */
interface Limits {
  readonly away: readonly string[];
  readonly older: readonly string[];
}

/** The line says which sinks are not connected yet, and which brokers are spoken to in an older version than 5.0. */
function tellRunning({ title, reporter }: JobTask, job: Job, { away, older }: Limits): void {
  const names = away.map((sink) => `sink "${sink}"`).join(', ');
  const waiting = away.length === 0 ? '' : `; ${names} not connected yet: what is for it is stored`;
  const versions = older.length === 0 ? '' : ` (${older.join(', ')})`;
  const text = `RUNNING ${title}${versions}${waiting}`;
  reporter.tell({ event: 'running', text, facts: { job: job.name, away, older } });
}

const NOT_A_BROKER =
  'Check that a broker listens on this port and speaks what the URL says (plain MQTT, TLS, WebSocket). One that knows no MQTT 5.0 may not answer: then --mqtt 4.';

/** A first connection that does not come about is an error here: nobody may be there to read the reconnect messages. */
async function untilRunning(job: Job, timeoutMs: number, watch: ConnectionObserver): Promise<void> {
  let late: MillraceError | undefined;
  const onTimeout = (): void => {
    late = startError(timeoutMs, watch);
    void job.cancel();
  };
  const timer = timeoutMs === 0 ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    await job.whenRunning();
  } catch (error) {
    // it was asked to stop before it ran: nothing has failed
    if (late !== undefined || job.status !== 'COMPLETED') throw late ?? error;
  } finally {
    clearTimeout(timer);
  }
}

/** Connections of sources are named so. */
const isSource = (name: string): boolean => name.startsWith('source ');

/** A job with a store waits only for its sources, and for sinks that it has never reached; those are connected before a source is. */
function startError(timeoutMs: number, watch: ConnectionObserver): MillraceError {
  const seconds = timeoutMs / 1000;
  const { troubles } = watch;
  const trouble = troubles.trouble(isSource);
  if (trouble === undefined || (troubles.isConnected(isSource) && !isSource(trouble.name))) {
    const { connected } = troubles;
    if (troubles.isConnected(isSource))
      return new MillraceError('TIMEOUT', `no subscription was granted within ${seconds} s`);
    const place = connected.length === 0 ? 'from neither broker' : `from one side, while ${connected[0]} is connected`;
    return new MillraceError('TIMEOUT', `no answer to MQTT within ${seconds} s ${place}`, { advice: NOT_A_BROKER });
  }
  const advice = trouble.advice ?? (trouble.systemCode === 'ECONNRESET' ? NOT_A_BROKER : undefined);
  return new MillraceError('TIMEOUT', `${trouble.message} (tried for ${seconds} s)`, {
    ...(advice === undefined ? {} : { advice }),
    details: { code: trouble.code, systemCode: trouble.systemCode },
  });
}

function tellStopped(
  job: Job,
  reporter: Reporter,
  how: { readonly signal: NodeJS.Signals | undefined; readonly drained: boolean },
): void {
  const { itemsReceived, itemsDelivered, itemsInFlight, outboxMessages } = job.metrics();
  const counts = `${itemsReceived} received, ${itemsDelivered} delivered`;
  const stored = outboxMessages > 0 ? `; ${outboxMessages} stored, which go out at the next start` : '';
  const open = how.drained ? '' : '; not all was delivered in time, the rest stays unacknowledged';
  reporter.tell({
    event: 'stopped',
    text: `stopped${how.signal === undefined ? '' : ` by ${how.signal}`}: ${counts}${stored}${open}`,
    facts: {
      received: itemsReceived,
      delivered: itemsDelivered,
      inFlight: itemsInFlight,
      outbox: outboxMessages,
      ...how,
    },
  });
}
