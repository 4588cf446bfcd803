import { MillraceError } from '../../errors/index.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';

/** @throws MillraceError INVALID_OPTIONS for a source that does not say how it is divided among several partitions */
export function refusePartitions(plan: PipelinePlan, count: number): void {
  const unsaid = plan.sources.find(({ source }) => source.spread === 'unsaid');
  if (unsaid !== undefined) throw unsaidSpread(unsaid.name, count);
}

const unsaidSpread = (source: string, count: number): MillraceError =>
  new MillraceError(
    'INVALID_OPTIONS',
    `source "${source}" does not say how its messages are divided among ${count} partitions`,
    {
      advice:
        "Say .spread('shared') (the broker gives each message to one of them; the order of a topic is given up), .spread((index, count) => subscriptions) (each reads filters of its own; order is kept) or .spread('first') (the first reads all); or use one partition.",
      details: { source, partitions: count },
    },
  );
