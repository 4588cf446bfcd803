import { MillraceError } from '../../errors/index.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';

/**
 * Refuses what would not be right in a job of several partitions.
 * @throws MillraceError INVALID_OPTIONS for a source that does not say how it is divided; UNSUPPORTED for state by key, whose items may be in
 * another partition
 */
export function refusePartitions(plan: PipelinePlan, count: number): void {
  const unsaid = plan.sources.find(({ source }) => source.spread === 'unsaid');
  if (unsaid !== undefined) throw unsaidSpread(unsaid.name, count);
  const [stateful] = plan.stateful;
  if (stateful !== undefined) throw keyedState(stateful.name, count);
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

const keyedState = (stage: string, count: number): MillraceError =>
  new MillraceError(
    'UNSUPPORTED',
    `stage "${stage}" keeps state, and items of one key may come to each of ${count} partitions`,
    {
      advice:
        'Use one partition, which moves to another node when its own is lost; or divide the job into jobs of one partition, each with filters of its own.',
      details: { stage, partitions: count },
    },
  );
