import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onCleanup } from './cleanup.js';
import { tempDir } from './temp-dir.js';

const SHARED_MEMORY = '/dev/shm';

/** Like `tempDir`, in memory where the system has such a place: for what need not wait for a disk. */
export function memoryDir(label = 'test'): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
  } catch {
    return tempDir(label);
  }
  const path = mkdtempSync(join(SHARED_MEMORY, `millrace-${label}-`));
  const remove = () => rmSync(path, { recursive: true, force: true });
  onCleanup(remove, remove);
  return path;
}
