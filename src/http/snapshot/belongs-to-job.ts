import type { JobPlan } from '../../engine/job/job-plan.js';
import { type Facts, textOf } from '../../metrics/warnings/facts.js';
import type { ToldConnection } from '../told/told-connections.js';

/** A job, as far as events name it or its parts. */
interface NamedJob {
  readonly name: string;
  readonly plan: JobPlan;
}

/** Whether an event is about this job: it names it, or a source, a sink or a connection that it has. */
export const isAbout = ({ name, plan }: NamedJob, facts: Facts): boolean => {
  if (typeof facts.job === 'string') return facts.job === name;
  const source = textOf(facts, 'source');
  const sink = textOf(facts, 'sink');
  return plan.parts.some(
    ({ kind, called }) =>
      (kind === 'source' ? called === source : isSink(kind) && called === sink) ||
      has(kind, called, textOf(facts, 'name')),
  );
};

/** The connections that its sources and sinks have. */
export const connectionsOf = ({ plan }: NamedJob, all: readonly ToldConnection[]): readonly ToldConnection[] =>
  all.filter(({ name }) => plan.parts.some(({ kind, called }) => has(kind, called, name)));

const isSink = (kind: string): boolean => kind === 'sink' || kind === 'dead-letters';

/** Those of a source are named after it, those of a sink after it and the number of the client. */
const has = (kind: string, called: string, connection: string): boolean =>
  kind === 'source' ? connection === `source ${called}` : isSink(kind) && connection.replace(/-\d+$/, '') === called;
