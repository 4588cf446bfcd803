import { MillraceError } from '../errors/millrace-error.js';
import type { PipelinePlan } from '../pipeline/pipeline-plan.js';
import type { PlannedSink } from './job-ports.js';

/** @throws MillraceError DUPLICATE_SESSION when two sources or sinks of the job claim the same thing, e.g. a client id at a broker */
export const checkClaims = (sources: PipelinePlan['sources'], sinks: readonly PlannedSink[]): void => {
  const owners = new Map<string, string>();
  const parts = [
    ...sources.map(({ name, source }) => ({ name, claims: source.claims })),
    ...sinks.map(({ name, sink }) => ({ name, claims: sink.claims })),
  ];
  for (const { name, claims } of parts) {
    for (const claim of claims) {
      const owner = owners.get(claim);
      if (owner !== undefined) {
        throw new MillraceError('DUPLICATE_SESSION', `"${owner}" and "${name}" of one job both use ${claim}`, {
          advice: 'Give each its own client id; to write two stages to one sink, merge them first.',
          details: { claim, first: owner, second: name },
        });
      }
      owners.set(claim, name);
    }
  }
};
