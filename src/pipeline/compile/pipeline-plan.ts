import type { RetryRules } from '../../connector/retry/retries.js';
import type { OnError } from '../../connector/sink.js';
import type { SourceDefinition } from '../../connector/source.js';
import type { AnySink } from '../any-sink.js';
import type { StageState, StatefulStage } from '../stage-state.js';
import type { StateCodec } from '../state-codec.js';
import type { Departure } from '../time/departure.js';
import type { EventTimes } from '../time/event-times.js';
import type { PendingTimes } from '../time/pending-times.js';
import type { SourceWatermark } from '../time/source-watermark.js';
import type { StreamTime } from '../time/time-source.js';
import type { TimersTime } from '../time/timers-time.js';
import type { ClockKind, StageClock } from '../timers/stage-clock.js';
import type { StageTimers } from '../timers/stage-timers.js';
import type { ServiceWork } from '../vertex.js';
import type { Fragment } from './fragment/fragment.js';

/** Indexes of the sinks and mapAsync stages that items may reach: what their back-pressure stops. */
export interface Downstream {
  /** Indices of the sinks of the plan. */
  readonly sinks: readonly number[];
  /** Indices of its mapAsync stages. */
  readonly asyncStages: readonly number[];
  /** Ids of the stages on the way that may give items up: their letters go to sinks, too. */
  readonly stages: readonly number[];
}

export interface SourcePlan {
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** As the user gave it. */
  readonly source: SourceDefinition<unknown>;
  /** Give its items a time. */
  readonly watermarks: readonly SourceWatermark[];
  /** What its items are run through. */
  readonly fragment: Fragment;
  /** What its fragment leads to. */
  readonly downstream: Downstream;
}

export interface AsyncStagePlan {
  /** Its id in the graph. */
  readonly vertex: number;
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** Calls under way at once, and results that wait for an older one. */
  readonly maxConcurrency: number;
  /** When a call that has failed is made again. */
  readonly retry: RetryRules;
  /** How long one call may take; Infinity for as long as it takes. */
  readonly timeoutMs: number;
  /** Where its items have a time: knows those of all whose results have not been passed on. */
  readonly pending?: PendingTimes | undefined;
  /** For items whose call is pending, in a job with a store. */
  readonly codec: StateCodec<unknown>;
  /** What the results are run through. */
  readonly fragment: Fragment;
  /** What its fragment leads to. */
  readonly downstream: Downstream;
  /** The user's function. It may throw instead of rejecting. */
  call(item: unknown, signal: AbortSignal): PromiseLike<unknown> | unknown;
}

/** A stage that keeps timers; one that tells early results is there twice. */
export interface TimedStagePlan {
  /** Its id in the graph. */
  readonly vertex: number;
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** What its timers are for; `keyless windows` are those of a stage without keys. */
  readonly fires: 'timers' | 'windows' | 'keyless windows';
  /** Whether the timers are those of early results: nothing is missed without them. */
  readonly early: boolean;
  /** Whose time it goes by. */
  readonly clockKind: ClockKind;
  /** That time. */
  readonly clock: StageClock;
  /** Where that is the time of items: it stands still behind the stage while a timer fires. */
  readonly firing: TimersTime | undefined;
  /** Say which are due. */
  readonly timers: StageTimers;
  /** What they are run through, as `DueTimer`: the stage, and what is behind it. One that is not the first any more leads to nothing. */
  readonly fragment: Fragment;
  /** What its fragment leads to. */
  readonly downstream: Downstream;
}

/** A stage that keeps state by key. */
export interface KeyedStagePlan {
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** Whether a key may be forgotten. */
  readonly forgets: boolean;
  /** That of the run. */
  readonly state: Pick<StageState, 'size'>;
}

/** A stage that gives items up instead of failing the job. */
export interface StageErrors {
  /** Its id in the graph. */
  readonly vertex: number;
  /** Not `fail`. */
  readonly onError: OnError;
}

/** A service of a stage: opened before the first input, closed with the run. */
export interface ServicePlan extends ServiceWork {
  /** Of its stage. */
  readonly name: string;
  /** Where the stage finds it; set before the first input comes to it. */
  current: unknown;
}

export interface SinkPlan {
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** As the user gave it. */
  readonly sink: AnySink;
}

/** How the partitions that a stream goes to are told its time. */
export interface DeparturePlan {
  /** Says what they are to be told. */
  readonly departure: Departure;
  /** By which sink of the plan. */
  readonly sink: number;
  /** As what. */
  routedTimes(time: StreamTime): readonly unknown[];
}

/** A pipeline compiled for one run: its fragments hold outputs on their way, so two runs never share a plan. */
export interface PipelinePlan {
  /** In the order of the pipeline. */
  readonly sources: readonly SourcePlan[];
  /** A stage stands behind those that lead to it. */
  readonly asyncStages: readonly AsyncStagePlan[];
  /** In the order of building. */
  readonly timedStages: readonly TimedStagePlan[];
  /** The time of the machine: who ticks it sets it. */
  readonly processingClock: { now: number };
  /** Those of the pipeline, without dead-letter sinks. */
  readonly sinks: readonly SinkPlan[];
  /** The stages that keep state. */
  readonly stateful: readonly StatefulStage[];
  /** The same with their state. */
  readonly keyedStages: readonly KeyedStagePlan[];
  /** Those of the stages that use one. */
  readonly services: readonly ServicePlan[];
  /** Undefined without timestamps. */
  readonly times: EventTimes | undefined;
  /** Streams with timestamps that go to other partitions. */
  readonly departures: readonly DeparturePlan[];
  /** Of the stages that give items up, where these go. */
  readonly stageErrors: readonly StageErrors[];
}
