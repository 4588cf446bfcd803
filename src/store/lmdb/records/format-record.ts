import { MillraceError } from '../../../errors/index.js';
import { corruptError } from '../../storage-error.js';

/** The version of what this program writes. It reads all versions up to this one. */
export const STORE_FORMAT = 1;

/** Whose store a file is. */
export interface StoreName {
  /** Whose it is; the name of the file has a digest of it. */
  readonly job: string;
  /** From 0; at present the only one. */
  readonly partition: number;
}

/** The record that every store file has, in all versions in this form. */
export function writeFormat({ job, partition }: StoreName, version = STORE_FORMAT): Uint8Array {
  return Buffer.from(JSON.stringify({ millraceStore: version, job, partition }));
}

/**
 * @param path for messages
 * @throws MillraceError STORE_VERSION when a newer version wrote it, STORE_CORRUPT when it is not the store of that job and partition
 */
export function checkFormat(record: Uint8Array, expected: StoreName, path: string): void {
  const { millraceStore, job, partition } = parse(record, path);
  if (typeof millraceStore === 'number' && millraceStore > STORE_FORMAT) {
    throw new MillraceError(
      'STORE_VERSION',
      `${path} has format ${millraceStore}; this version reads up to ${STORE_FORMAT}`,
      {
        advice: 'Run the version of Millrace that wrote it, or a newer one.',
        details: { path, format: millraceStore, readsUpTo: STORE_FORMAT },
      },
    );
  }
  if (job === expected.job && partition === expected.partition) return;
  throw corruptError(
    `${path} is the store of partition ${partition} of job ${job}, not of ${expected.partition} of ${expected.job}`,
  );
}

function parse(record: Uint8Array, path: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(Buffer.from(record).toString()));
  } catch (error) {
    throw corruptError(`${path}: its format record is not readable`, error);
  }
}
