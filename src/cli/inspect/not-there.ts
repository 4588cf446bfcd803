import type { FoundKind } from '../../store/look/found-stores.js';
import type { InspectFlags } from './inspect-flags.js';
import type { InspectionReport } from './inspection-report.js';

/**
 * What was asked for by name and is not there, as a sentence; undefined: nothing is missing. Where something cannot be read nobody knows, and
 * that is told in its place.
 */
export const notThere = (
  { location, kind, partitions, problems }: InspectionReport,
  { job, partition, question }: Pick<InspectFlags, 'job' | 'partition' | 'question'>,
): string | undefined => {
  if (kind !== 'stores') return `${location} ${NO_STORE[kind]}`;
  if (problems.length > 0 || partitions.some((one) => one.problems.length > 0)) return undefined;
  if (partitions.length === 0 && (job !== undefined || partition !== undefined)) return noPartition(job, partition);
  if (question.about === 'state' && partitions.every(({ states }) => states.length === 0))
    return `nothing is stored for the key ${question.key} of a stage ${question.stage}: without --key the stages that have state are named`;
  if (question.about === 'row' && partitions.every(({ rows }) => rows.length === 0))
    return `no outbox of a sink ${question.sink} has the row ${question.seq}: without --seq the sinks are named, and the oldest row of each outbox`;
  return undefined;
};

/** Of a directory that no job has as its own. */
const NO_STORE: Readonly<Record<Exclude<FoundKind, 'stores'>, string>> = {
  empty: 'is empty: no job has had it as --dir, or as dir of a bridge file',
  foreign:
    'is no directory of Millrace: it has neither an owner.lock nor a job. Name what the job has as --dir, or as dir of a bridge file',
  job: 'is the directory of one job: name the one that it is in, and the job by --job',
};

const noPartition = (job: string | undefined, partition: number | undefined): string => {
  const wanted = [
    ...(job === undefined ? [] : [`job ${job}`]),
    ...(partition === undefined ? [] : [`partition ${partition}`]),
  ];
  return `${wanted.join(', ')}: nothing is stored here; without ${job === undefined ? '--partition' : '--job'} all that is here is shown`;
};
