import { errorWords } from '../../internal/error-words.js';
import { factsOf, textOf } from '../../metrics/warnings/facts.js';
import type { EngineSnapshot } from './engine-snapshot.js';

/** Whether everything goes its way. */
export interface Readiness {
  readonly ready: boolean;
  /** Why not, as sentences; empty when it does. */
  readonly reasons: readonly string[];
}

/**
 * Ready: there is a job, each runs, each of their connections is up, nothing is tried again in vain, no outbox is full, and each broker
 * confirms what is sent to it. A job that has failed keeps it from being ready until one of its name runs again; one that has completed does not.
 */
export const readinessOf = ({ jobs, ended }: EngineSnapshot): Readiness => {
  const failed = ended.filter(({ status }) => status === 'FAILED').map(({ name, error }) => failedWords(name, error));
  const reasons = [...(jobs.length === 0 ? ['no job runs'] : []), ...failed, ...jobs.flatMap(({ reasons }) => reasons)];
  return { ready: reasons.length === 0, reasons };
};

const failedWords = (name: string, error: unknown): string => {
  const message = textOf(factsOf(error), 'message');
  return `job "${name}" has FAILED${message === '' ? '' : `: ${errorWords(message)}`}`;
};
