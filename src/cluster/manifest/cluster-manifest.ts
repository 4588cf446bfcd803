import { MillraceError } from '../../errors/index.js';

/** The newest form of what nodes write for each other that this version reads. */
export const CLUSTER_FORMAT = 1;

/** What all nodes of a job have to agree upon before one claims anything. */
export interface ClusterManifest {
  /** Of the entries, the records of the logs and what is in them. */
  readonly format: number;
  /** How many there are, for ever: keys are spread over them. */
  readonly partitions: number;
  /** How keys are spread. */
  readonly hash: string;
  /** The pipeline, a line for each part that matters to what is stored. */
  readonly plan: readonly string[];
  /** What is added to the revision of a claim to make its epoch: more than 0 once the claims were made anew behind logs that went on. */
  readonly epochBase: number;
}

/** A manifest that is there, and the one that this node brings. */
export interface ManifestComparison {
  /** For messages. */
  readonly job: string;
  readonly stored: ClusterManifest;
  readonly wanted: ClusterManifest;
  /** Another plan takes the place of the stored one. */
  readonly allowPlanChange: boolean;
}

/**
 * Whether this node may take part. Format, partitions and hash are those of the logs, so nothing can be done about another one here;
 * another plan is one as well, unless it is wanted.
 * @returns what is to be stored; the very one that is, when nothing changes
 * @throws MillraceError STORE_VERSION, JOB_CHANGED
 */
export function settleClusterManifest({ job, stored, wanted, allowPlanChange }: ManifestComparison): ClusterManifest {
  if (stored.format > wanted.format) throw newerFormat(job, stored.format);
  if (stored.partitions !== wanted.partitions)
    throw otherLayout(job, 'partitions', stored.partitions, wanted.partitions);
  if (stored.hash !== wanted.hash) throw otherLayout(job, 'hash', stored.hash, wanted.hash);
  const added = without(wanted.plan, stored.plan);
  const gone = without(stored.plan, wanted.plan);
  const moved = added.length === 0 && gone.length === 0 && wanted.plan.join('\n') !== stored.plan.join('\n');
  if (added.length === 0 && gone.length === 0 && !moved) return stored;
  if (!allowPlanChange) throw otherPlan(job, added, gone);
  return { ...stored, plan: wanted.plan };
}

const without = (lines: readonly string[], others: readonly string[]): readonly string[] =>
  lines.filter((line) => !others.includes(line));

const newerFormat = (job: string, format: number): MillraceError =>
  new MillraceError(
    'STORE_VERSION',
    `job "${job}" runs on this cluster in form ${format}; this version of Millrace reads up to ${CLUSTER_FORMAT}`,
    { advice: 'Upgrade Millrace on this node.', details: { job, format, reads: CLUSTER_FORMAT } },
  );

const otherLayout = (job: string, what: 'partitions' | 'hash', stored: unknown, wanted: unknown): MillraceError =>
  new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has ${what} ${stored} on this cluster, and this node brings ${wanted}: each key has its partition for ever`,
    {
      advice: `Run it with ${what} ${stored}; or let it drain, cancel it, and start it under another name with ${what} ${wanted}.`,
      details: { job, what, stored, wanted },
    },
  );

const otherPlan = (job: string, added: readonly string[], gone: readonly string[]): MillraceError => {
  const parts = [gone.length > 0 && `without ${gone.join(', ')}`, added.length > 0 && `with ${added.join(', ')}`];
  const how = parts.filter(Boolean).join(' and ');
  return new MillraceError(
    'JOB_CHANGED',
    `job "${job}" runs on this cluster with another pipeline; this node brings one ${how || 'whose parts stand in another order'}`,
    {
      advice:
        'Run the same module on all nodes, or give this job another name. If the new pipeline is to take over what is stored: --allow-plan-change (allowPlanChange).',
      details: { job, added, gone },
    },
  );
};
