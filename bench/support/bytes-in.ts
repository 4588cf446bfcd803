import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the files of a directory take on the disk, in bytes: of one with holes, what has been written. */
export const bytesIn = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * BLOCK_BYTES, 0);

/** Of what the kernel counts, whatever the file system's blocks are. */
const BLOCK_BYTES = 512;
