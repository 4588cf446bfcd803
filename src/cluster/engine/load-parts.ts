import type { SourceDefinition } from '../../connector/source.js';
import { planPorts } from '../../engine/opening/job-ports.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';

/**
 * Loads what the sources and sinks of a job are opened with, so that the first takeover does not wait for it. What cannot be loaded fails the
 * opening that needs it, if there is one.
 */
export async function loadParts(plan: PipelinePlan): Promise<void> {
  const sources = plan.sources.map(({ source }) => source);
  const sinks = planPorts(plan).sinks.map(({ sink }) => sink);
  await Promise.all([...sources, ...sinks].map(loadPart));
}

const loadPart = async (part: Pick<SourceDefinition<unknown>, 'load'>): Promise<void> => {
  try {
    await part.load?.();
  } catch {
    // see above
  }
};
