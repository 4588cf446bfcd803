import type { SourceDefinition } from '../../connector/source.js';
import type { AnySink } from '../any-sink.js';
import type { StatefulStage } from '../stage-state.js';
import type { StateCodec } from '../state-codec.js';
import type { Timestamps } from '../vertex.js';
import type { Fragment } from './fragment.js';

/** Indexes of the sinks and mapAsync stages that items may reach: what their back-pressure stops. */
export interface Downstream {
  readonly sinks: readonly number[];
  readonly asyncStages: readonly number[];
}

export interface SourcePlan {
  readonly name: string;
  readonly source: SourceDefinition<unknown>;
  readonly timestamps: Timestamps;
  readonly fragment: Fragment;
  readonly downstream: Downstream;
}

export interface AsyncStagePlan {
  readonly name: string;
  readonly maxConcurrency: number;
  /** For items whose call is pending, in a job with a store. */
  readonly codec: StateCodec<unknown>;
  readonly fragment: Fragment;
  readonly downstream: Downstream;
  call(item: unknown, signal: AbortSignal): PromiseLike<unknown> | unknown;
}

export interface SinkPlan {
  readonly name: string;
  readonly sink: AnySink;
}

/** A pipeline compiled for one run: its fragments hold outputs on their way, so two runs never share a plan. */
export interface PipelinePlan {
  readonly sources: readonly SourcePlan[];
  readonly asyncStages: readonly AsyncStagePlan[];
  readonly sinks: readonly SinkPlan[];
  /** The stages that keep state. */
  readonly stateful: readonly StatefulStage[];
}
