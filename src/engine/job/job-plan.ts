import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import type { PipelineGraph, VertexWork } from '../../pipeline/vertex.js';
import { type PlannedSink, planPorts } from '../opening/job-ports.js';
import type { PreparedRun } from './prepare-run.js';

/** What a job is made of, as plain data: for whoever shows it. Nothing in it changes while the job lives. */
export interface JobPlan {
  /** The one that holds, asked for or not. */
  readonly guarantee: ProcessingGuarantee;
  /** Whether it keeps something in a store. */
  readonly stored: boolean;
  /** In the order of building, dead-letter sinks last. */
  readonly parts: readonly JobPart[];
  /** From part to part, by their places in `parts`. Items that are rejected take other ways. */
  readonly edges: readonly { readonly from: number; readonly to: number }[];
  /** What its buffers are bounded by. */
  readonly limits: JobLimits;
}

/** A source, a stage or a sink. */
export interface JobPart {
  readonly kind: VertexWork['kind'] | 'dead-letters';
  /** No other part has it. */
  readonly name: string;
  /** What metrics and events call it; of a stage its name. */
  readonly called: string;
  /** Where dead letters are appended to, of a sink that says so: an absolute path. */
  readonly letterFile?: string;
}

/** As they are in `JobOptions`, with defaults applied. */
export interface JobLimits {
  /** Inputs, of all sources together. */
  readonly maxItemsInFlight: number;
  /** The same in bytes. */
  readonly maxBytesInFlight: number;
  /** Of the outbox of each client of a sink. */
  readonly maxOutboxMessages: number;
  /** The same in bytes. */
  readonly maxOutboxBytes: number;
}

/** Of a job that was checked. */
export const planOfJob = ({ run, plan }: Pick<PreparedRun, 'run' | 'plan'>): JobPlan => {
  const { graph, guarantee, stores, maxItemsInFlight, maxBytesInFlight, outboxLimits } = run;
  const letters = planPorts(plan).sinks.slice(plan.sinks.length);
  const parts = [
    ...partsOf(graph),
    ...letters.map(
      ({ name, sink }): JobPart => ({ kind: 'dead-letters', name, called: sink.name, ...letterFileOf(sink) }),
    ),
  ];
  const { maxRows: maxOutboxMessages, maxBytes: maxOutboxBytes } = outboxLimits;
  return {
    guarantee,
    stored: stores !== undefined,
    parts,
    edges: graph.edges.map(({ from, to }) => ({ from, to })),
    limits: { maxItemsInFlight, maxBytesInFlight, maxOutboxMessages, maxOutboxBytes },
  };
};

const letterFileOf = ({ letterFile }: PlannedSink['sink']): Pick<JobPart, 'letterFile'> =>
  letterFile === undefined ? {} : { letterFile };

const partsOf = ({ vertices }: PipelineGraph): readonly JobPart[] =>
  vertices.map(({ name, work }) => ({ kind: work.kind, name, called: calledIn(work) ?? name }));

const calledIn = (work: VertexWork): string | undefined => {
  if (work.kind === 'source') return work.source.name;
  return work.kind === 'sink' ? work.sink.name : undefined;
};
