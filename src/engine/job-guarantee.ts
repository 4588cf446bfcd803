import type { ProcessingGuarantee } from '../connector/processing-guarantee.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { PipelinePlan } from '../pipeline/pipeline-plan.js';
import type { PlannedSink } from './job-ports.js';

const STRENGTH: Readonly<Record<ProcessingGuarantee, number>> = { none: 0, 'at-least-once': 1, 'exactly-once': 2 };

const weakest = (guarantees: readonly ProcessingGuarantee[]): ProcessingGuarantee =>
  guarantees.reduce((a, b) => (STRENGTH[b] < STRENGTH[a] ? b : a), 'exactly-once');

const unsupported = (): MillraceError =>
  new MillraceError('GUARANTEE_UNSUPPORTED', 'exactly-once needs a durable store, which this version does not have', {
    advice:
      'Use at-least-once and make the effect idempotent (a key in the item, a retained or last-value topic), or at-least-once with deduplication behind the sink.',
  });

/**
 * The guarantee of a job: the one asked for, else the weakest default of its sources.
 * @throws MillraceError of the source or sink that cannot give it, GUARANTEE_UNSUPPORTED for exactly-once
 */
export const resolveGuarantee = (
  asked: ProcessingGuarantee | undefined,
  parts: { readonly sources: PipelinePlan['sources']; readonly sinks: readonly PlannedSink[] },
): ProcessingGuarantee => {
  const guarantee = asked ?? weakest(parts.sources.map(({ source }) => source.defaultGuarantee));
  if (guarantee === 'exactly-once') throw unsupported();
  const definitions = [...parts.sources.map(({ source }) => source), ...parts.sinks.map(({ sink }) => sink)];
  for (const definition of definitions) {
    const refusal = definition.refuse(guarantee);
    if (refusal !== undefined) throw refusal;
  }
  return guarantee;
};
