import { join } from 'node:path';
import { makeWhole } from '../../../internal/files/make-whole.js';
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
  await makeWhole(path, `${path}${UNFINISHED}`, async (file) => {
    await file.writeFile(encodeHeader(header, name));
    // a hole, which takes no room yet
    await file.truncate(header.length);
  });
  return path;
}
