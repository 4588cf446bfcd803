import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { PlannedSink } from '../opening/job-ports.js';

const STRENGTH: Readonly<Record<ProcessingGuarantee, number>> = { none: 0, 'at-least-once': 1, 'exactly-once': 2 };

const weakest = (guarantees: readonly ProcessingGuarantee[]): ProcessingGuarantee =>
  guarantees.reduce((a, b) => (STRENGTH[b] < STRENGTH[a] ? b : a), 'exactly-once');

/** The parts of a pipeline that its guarantee depends on. */
export interface GuaranteeParts {
  /** Each may refuse a guarantee, and has a default. */
  readonly sources: PipelinePlan['sources'];
  /** Each may refuse one. */
  readonly sinks: readonly PlannedSink[];
  /** Stages whose state must not be lost. */
  readonly stateful: PipelinePlan['stateful'];
}

/** What a job promises, and whether it takes a store to keep it. */
export interface JobGuarantee {
  /** What every source and sink is told. */
  readonly guarantee: ProcessingGuarantee;
  /** Whether it takes a store. */
  readonly durable: boolean;
}

/**
 * The guarantee of a job: the one asked for, else the weakest default of its sources. A job needs a store for exactly-once, and for
 * at-least-once with state.
 * @throws MillraceError of the source or sink that cannot give it, GUARANTEE_UNSUPPORTED when it needs a store and there is none
 */
export const resolveGuarantee = (
  asked: ProcessingGuarantee | undefined,
  parts: GuaranteeParts,
  hasStore: boolean,
): JobGuarantee => {
  const guarantee = asked ?? weakest(parts.sources.map(({ source }) => source.defaultGuarantee));
  const keeps = keeper(parts);
  const durable = guarantee === 'exactly-once' || (guarantee === 'at-least-once' && keeps !== undefined);
  if (durable && !hasStore) throw noStore(guarantee, keeps);
  for (const definition of [...parts.sources.map(({ source }) => source), ...parts.sinks.map(({ sink }) => sink)]) {
    const refusal = definition.refuse(guarantee);
    if (refusal !== undefined) throw refusal;
  }
  return { guarantee, durable };
};

/** What must not be forgotten when the process ends, even at-least-once. */
const keeper = ({ stateful, sources }: GuaranteeParts): string | undefined => {
  const [stage] = stateful;
  if (stage !== undefined) return `the state of stage "${stage.name}"`;
  const found = sources.find(({ source }) => source.needsStore === true || source.deduplication !== undefined);
  return found === undefined ? undefined : `the state of source "${found.name}"`;
};

const noStore = (guarantee: ProcessingGuarantee, keeps: string | undefined): MillraceError => {
  const what = keeps === undefined ? guarantee : `${guarantee} with ${keeps}`;
  return new MillraceError('GUARANTEE_UNSUPPORTED', `${what} needs a store, and the engine has none`, {
    advice:
      "Give the engine a directory: Engine.embedded({ dir }). Or use processingGuarantee 'none' (and, without state, 'at-least-once').",
  });
};
