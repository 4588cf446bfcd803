import { randomUUID } from 'node:crypto';
import { isCount } from '../../internal/is-count.js';
import { isObject } from '../../internal/is-object.js';
import type { StoredFacts } from '../inspection/stored-facts.js';

/** What was exported of the state of a job, under a name. */
export interface JobSnapshot {
  /** Unique among those of an engine's directory. */
  readonly name: string;
  /** Whose state it was. */
  readonly job: string;
  /** When it was asked for: milliseconds since 1970. What was committed before is in it. */
  readonly takenAtMs: number;
  /** Stages of that job that keep state or make calls: what they had is in it. */
  readonly stages: readonly string[];
  /** Those of them that keep timers. */
  readonly timers: readonly string[];
  /** Sources whose known keys are in it. */
  readonly sources: readonly string[];
  /** Messages that were in the outboxes at that moment. They are not in it: the job that has made them delivers them, and no other. */
  readonly undelivered: number;
  /** Tells it from another one that had, or will have, its name. */
  readonly id: string;
}

/** What it has, by what the store of its job had at that moment. */
export const describeSnapshot = (
  { name, job, takenAtMs }: Pick<JobSnapshot, 'name' | 'job' | 'takenAtMs'>,
  { manifest, stages, known, outboxes }: StoredFacts,
): JobSnapshot => ({
  name,
  job,
  takenAtMs,
  stages: [...new Set([...stages, ...listIn(manifest, 'stages')])].sort(),
  timers: listIn(manifest, 'timers'),
  sources: [...known.keys()].sort(),
  undelivered: outboxes.reduce((sum, { low, end }) => sum + end - low, 0),
  id: randomUUID(),
});

const listIn = (manifest: unknown, list: 'stages' | 'timers'): readonly string[] => {
  const names: unknown = Object(manifest)[list];
  return isTexts(names) ? names : [];
};

/** What was read back; undefined where it is none. */
export const asJobSnapshot = (value: unknown): JobSnapshot | undefined => {
  if (!isObject(value)) return undefined;
  const { name, job, takenAtMs, stages, timers, sources, undelivered, id } = value;
  if (typeof name !== 'string' || typeof job !== 'string' || typeof id !== 'string') return undefined;
  if (!isCount(takenAtMs) || !isCount(undelivered)) return undefined;
  if (!isTexts(stages) || !isTexts(timers) || !isTexts(sources)) return undefined;
  return { name, job, takenAtMs, stages, timers, sources, undelivered, id };
};

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
