import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * What a database beside a job does to the disk: writes of 256 KiB, a flush behind each, in a file that goes round at 64 MiB.
 */

const PIECE = Buffer.alloc(256 * 1024, 1);
const PIECES = 256;

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-busy-'));
const file = await open(join(dir, 'file'), 'w');
process.once('disconnect', () => void rm(dir, { recursive: true }).then(() => process.exit()));
for (let written = 0; ; written += 1) {
  await file.write(PIECE, 0, PIECE.length, (written % PIECES) * PIECE.length);
  await file.datasync();
  if (written === 0) process.send?.('busy');
}
