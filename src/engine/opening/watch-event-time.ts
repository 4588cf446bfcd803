import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { SourceWatermark } from '../../pipeline/time/source-watermark.js';
import { type StreamBehind, StreamsBehind } from '../../pipeline/time/streams-behind.js';
import { EventTimeWatch } from '../tick/event-time-watch.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { UnitGate } from '../tick/unit-gate.js';
import type { JobRunOptions } from './job-run-options.js';

export interface WatchedRun extends Pick<JobRunOptions, 'job' | 'metrics' | 'tallies' | 'partition'> {
  readonly plan: Pick<PipelinePlan, 'times' | 'departures' | 'sources'>;
  readonly lanes: TickLanes;
  readonly gate: UnitGate;
}

/** Undefined for a pipeline without timestamps. */
export const watchEventTime = (run: WatchedRun): EventTimeWatch | undefined => {
  const { job, partition, metrics, tallies, plan, lanes, gate } = run;
  const { times, departures, sources } = plan;
  if (times === undefined) return undefined;
  for (const watermark of sources.flatMap(({ watermarks }) => watermarks)) showTime(metrics, job, watermark);
  const onIdle = (stage: string): void => publishDiagnostic('stream-idle', { job, stage });
  const onSetBack = (stage: string, byMs: number): void => publishDiagnostic('clock-set-back', { job, byMs, stage });
  const { late } = tallies;
  const onLate = (stage: string, items: number): void => publishDiagnostic('items-late', { job, stage, items });
  const sourceOf = new Map(sources.flatMap(({ name, watermarks }) => watermarks.map((one) => [one.name, name])));
  const onBehind = ({ ahead, from, ...behind }: StreamBehind): void => {
    const source = sourceOf.get(behind.stage);
    publishDiagnostic('stream-behind', { job, partition, ...behind, source, from, ahead: ahead.stage });
  };
  const behind = new StreamsBehind(times);
  return new EventTimeWatch({ times, departures, lanes, gate, onIdle, behind, onBehind, onSetBack, late, onLate });
};

const showTime = (metrics: JobRunOptions['metrics'], job: string, source: SourceWatermark): void =>
  metrics
    .gauge('millrace_job_event_time_seconds', 'The watermark of a stream, in seconds since 1970; 0: none yet', {
      job,
      stage: source.name,
    })
    .collect(() => (source.watermark === Number.NEGATIVE_INFINITY ? 0 : source.watermark / 1000));
