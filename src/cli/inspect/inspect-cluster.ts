import type { NatsOptions } from '../../nats/nats-options.js';
import type { InspectFlags } from './inspect-flags.js';
import { type Inspected, inspectLook, type Look, type Progress } from './inspect-look.js';
import type { PartitionReport } from './inspection-report.js';

/**
 * Looks at what a job has in its logs at the servers, beside its nodes.
 * @throws MillraceError INVALID_OPTIONS when there is no such job, and those of the servers
 */
export const inspectCluster = async (
  { nats, job }: { readonly nats: NatsOptions; readonly job: string },
  flags: InspectFlags,
  progress: Progress,
): Promise<Inspected> => {
  const { openDesk } = await import('../../cluster/engine/open-desk.js');
  await using desk = await openDesk(nats, job);
  const partitions: PartitionReport[] = [];
  const raw: Uint8Array[] = [];
  for (let partition = 0; partition < desk.manifest.partitions; partition += 1) {
    if (flags.partition !== undefined && partition !== flags.partition) continue;
    const look: Look = (use) => desk.lookAt(partition, use);
    const place = `partition ${partition} of job ${job}`;
    const one = await inspectLook({ job, partition, place }, look, { flags, progress });
    partitions.push(one.report);
    raw.push(...one.raw);
  }
  return { report: { location: desk.location, kind: 'stores', owner: undefined, partitions, problems: [] }, raw };
};
