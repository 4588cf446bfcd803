import { resolve } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { findStores } from '../../store/look/found-stores.js';
import { lookAtStore } from '../../store/look/look-at-store.js';
import { usageError } from '../options/usage-error.js';
import type { InspectFlags } from './inspect-flags.js';
import { type Inspected, inspectLook, type Look, type Progress } from './inspect-look.js';
import type { PartitionReport } from './inspection-report.js';

/**
 * Looks at what a directory has, beside its owner.
 * @throws MillraceError INVALID_OPTIONS where it is none, or not ours
 */
export const inspectDirectory = async (
  directory: string,
  flags: InspectFlags,
  progress: Progress,
): Promise<Inspected> => {
  const location = resolve(directory);
  const { kind, stores, owner, problems } = await found(location, flags.job);
  const partitions: PartitionReport[] = [];
  const raw: Uint8Array[] = [];
  for (const store of stores) {
    if (flags.partition !== undefined && store.partition !== flags.partition) continue;
    const { job, partition, path: place } = store;
    const look: Look = (use) => lookAtStore(store, use);
    const one = await inspectLook({ job, partition, place }, look, { flags, progress });
    partitions.push(one.report);
    raw.push(...one.raw);
  }
  return { report: { location, kind, owner, partitions, problems }, raw };
};

const found = async (location: string, job: string | undefined) => {
  try {
    return await findStores(location, job);
  } catch (error) {
    if (Object(error).code === 'ENOENT') throw usageError(`there is no directory ${location}`);
    throw MillraceError.from(error, 'STORAGE_FAILED', `cannot read ${location}`);
  }
};
