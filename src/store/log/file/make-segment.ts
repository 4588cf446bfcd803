import { constants } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { syncNewName } from '../../../internal/files/sync-name.js';
import { encodeHeader, type LogName, type SegmentHeader } from './segment-header.js';
import { segmentName } from './segment-name.js';

/** Of a segment that is being made. What a crash leaves of it means nothing. */
export const UNFINISHED = '.new';

/**
 * Makes a segment without a record. It gets its name when its header is durable: one that has its name and no whole header was damaged.
 * @returns its path
 */
export async function makeSegment(directory: string, header: SegmentHeader, name: LogName): Promise<string> {
  const path = join(directory, segmentName(header.first));
  const unfinished = `${path}${UNFINISHED}`;
  await rm(unfinished, { force: true });
  const file = await openOwnFile(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    await file.writeFile(encodeHeader(header, name));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  await syncNewName(path);
  return path;
}
