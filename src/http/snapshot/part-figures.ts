import type { JobLimits } from '../../engine/job/job-plan.js';
import type { Labels } from '../../metrics/metrics.js';
import type { MetricsSnapshot } from '../../metrics/metrics-snapshot.js';

/** Messages of a sink that are stored and not delivered. */
export interface OutboxFigures {
  /** By its name. */
  readonly sink: string;
  /** How many. */
  readonly messages: number;
  /** Of those. */
  readonly bytes: number;
  /** What each client of the sink may have. */
  readonly maxMessages: number;
  /** What each client of the sink may have. */
  readonly maxBytes: number;
}

/** Of a sink: what is sent and not confirmed, and what waits until it may be sent. */
export interface WindowFigures {
  /** By its name. */
  readonly sink: string;
  /** Sent and not confirmed. */
  readonly inFlight: number;
  /** Behind those. */
  readonly waiting: number;
}

/** Of a source: how far what has come is ahead of what is done with. */
export interface LagFigures {
  /** By its name. */
  readonly source: string;
  /** Received and not polled yet. */
  readonly buffered: number;
  /** Of those. */
  readonly bufferedBytes: number;
  /** Polled and not acknowledged yet. */
  readonly unacknowledged: number;
}

/** What counts of each part stand at: by source, by stage and by sink, by the name of the metric; of several clients the sum. */
export interface PartFigures {
  /** Of the sinks that have one. */
  readonly outboxes: readonly OutboxFigures[];
  /** Of the sinks that have one. */
  readonly windows: readonly WindowFigures[];
  /** Of the sources. */
  readonly lags: readonly LagFigures[];
  /** By source. */
  readonly sources: FiguresByPart;
  /** By stage. */
  readonly stages: FiguresByPart;
  /** By sink. */
  readonly sinks: FiguresByPart;
}

/** By the name of the part, and by that of the metric. */
export type FiguresByPart = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The figures of the parts of a job, out of all that is counted. @param job those with the label `job` of another are left out */
export const partFigures = (samples: MetricsSnapshot, job: string, limits: JobLimits): PartFigures => {
  const ours = samples.filter(({ labels }) => (labels.job ?? job) === job);
  const sources = figuresBy(ours, ({ source }) => source);
  const sinks = figuresBy(ours, ({ sink }) => sink);
  const { maxOutboxMessages: maxMessages, maxOutboxBytes: maxBytes } = limits;
  return {
    outboxes: partsWith(sinks, 'millrace_job_outbox_messages').map(([sink, figures]) => ({
      sink,
      messages: figures.millrace_job_outbox_messages ?? 0,
      bytes: figures.millrace_job_outbox_bytes ?? 0,
      maxMessages,
      maxBytes,
    })),
    windows: partsWith(sinks, 'millrace_sink_inflight').map(([sink, figures]) => ({
      sink,
      inFlight: figures.millrace_sink_inflight ?? 0,
      waiting: figures.millrace_sink_buffered ?? 0,
    })),
    lags: partsWith(sources, 'millrace_source_buffered_messages').map(([source, figures]) => ({
      source,
      buffered: figures.millrace_source_buffered_messages ?? 0,
      bufferedBytes: figures.millrace_source_buffered_bytes ?? 0,
      unacknowledged: figures.millrace_source_unacknowledged_messages ?? 0,
    })),
    sources,
    stages: figuresBy(ours, ({ stage }) => stage),
    sinks,
  };
};

const partsWith = (parts: FiguresByPart, metric: string): readonly (readonly [string, FiguresByPart[string]])[] =>
  Object.entries(parts).filter(([, figures]) => metric in figures);

const figuresBy = (samples: MetricsSnapshot, partOf: (labels: Labels) => string | undefined): FiguresByPart => {
  const parts = new Map<string, Map<string, number>>();
  for (const sample of samples) {
    const part = partOf(sample.labels);
    if (part === undefined || sample.kind === 'histogram') continue;
    const figures = parts.get(part) ?? new Map<string, number>();
    parts.set(part, figures);
    figures.set(sample.name, (figures.get(sample.name) ?? 0) + sample.value);
  }
  return Object.fromEntries([...parts].map(([part, figures]) => [part, Object.fromEntries(figures)]));
};
