import type { ClusterEngine } from '../../cluster/engine/cluster-engine.js';
import type { ClusterOptions } from '../../cluster/engine/cluster-options.js';
import type { ClusterJob } from '../../cluster/job/cluster-job.js';
import type { ClusterJobOptions } from '../../cluster/job/cluster-job-options.js';
import type { ClusterJobEvent } from '../../cluster/node/cluster-event.js';
import { Engine } from '../../engine/engine.js';
import { MillraceError } from '../../errors/index.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EXIT_CODE } from '../exit-code.js';
import { ConnectionObserver } from './connection-observer.js';
import type { Reporter } from './reporter.js';
import { RetryObserver } from './retry-observer.js';
import { listenForStop } from './signal-drain.js';
import { startStats } from './stats-ticker.js';
import { tellClusterEvent } from './tell-cluster-event.js';
import { tellJobEvent } from './tell-job-event.js';

/** A pipeline to run as one node of several. */
export interface ClusterTask {
  readonly pipeline: Pipeline;
  readonly engine: ClusterOptions;
  readonly job: ClusterJobOptions;
  /** A line of figures each second. */
  readonly stats: boolean;
  /** What runs, for the line that says RUNNING. */
  readonly title: string;
  readonly reporter: Reporter;
}

/**
 * Takes part in the job and gives the exit code. The first SIGINT or SIGTERM hands over what this node has, and the job goes on at the others; a
 * second one ends the process. What cannot work is thrown before anything runs (wrong usage); what fails later is reported in one line.
 */
export async function runClusterJob(task: ClusterTask): Promise<number> {
  const { reporter } = task;
  using _watch = new ConnectionObserver((event) => reporter.tell(event));
  using _retries = new RetryObserver((event) => reporter.tell(event));
  using stop = listenForStop();
  let engine: ClusterEngine;
  try {
    engine = await Engine.cluster(task.engine);
  } catch (error) {
    reporter.failed(error);
    return EXIT_CODE.FAILED;
  }
  await using _engine = engine;
  const job = engine.newJob(task.pipeline, {
    ...task.job,
    onEvent: (event) => {
      tellEvent(event, task);
      return task.job.onEvent?.(event);
    },
  });
  let signal: NodeJS.Signals | undefined;
  void stop.requested.then((name) => {
    signal = name;
    const text = `${name}: handing over what this node has, at most ${(task.job.drainTimeoutMs ?? 0) / 1000} s`;
    reporter.tell({ event: 'stopping', text, facts: { signal: name } });
    void engine.shutdown();
  });
  tellJoined(engine, job, reporter);
  try {
    using _stats = task.stats ? startStats(job, reporter) : undefined;
    await job.join();
  } catch (error) {
    const left = signal !== undefined && error instanceof MillraceError && error.code === 'ABORTED';
    if (!left) {
      reporter.failed(error);
      return EXIT_CODE.FAILED;
    }
  }
  tellStopped(job, reporter, signal);
  return EXIT_CODE.OK;
}

function tellJoined({ nodeId }: ClusterEngine, { name }: ClusterJob, reporter: Reporter): void {
  const text = `node ${nodeId} takes part in job "${name}"`;
  reporter.tell({ event: 'joined', text, facts: { job: name, node: nodeId } });
}

function tellEvent(event: ClusterJobEvent, { reporter, title }: ClusterTask): void {
  switch (event.kind) {
    case 'status':
      if (event.status === 'RUNNING') {
        reporter.tell({ event: 'running', text: `RUNNING ${title}`, facts: { job: event.job } });
      } else if (event.status === 'SUSPENDED') {
        const text = `SUSPENDED ${title}, on all nodes`;
        reporter.tell({ event: 'suspended', text, facts: { job: event.job } });
      }
      break;
    case 'restarting':
    case 'recovered':
    case 'sinks-away':
    case 'sink-open':
    case 'stopped-early':
    case 'store-unused':
      tellJobEvent(event, reporter);
      break;
    default:
      tellClusterEvent(event, reporter);
  }
}

function tellStopped(job: ClusterJob, reporter: Reporter, signal: NodeJS.Signals | undefined): void {
  const { itemsReceived: received, itemsDelivered: delivered, itemsInFlight: inFlight, outboxMessages } = job.metrics();
  const how = signal === undefined ? 'completed' : `stopped by ${signal}, handed over`;
  reporter.tell({
    event: 'stopped',
    text: `${how}: this node received ${received} and delivered ${delivered}`,
    facts: { received, delivered, inFlight, outbox: outboxMessages, signal },
  });
}
