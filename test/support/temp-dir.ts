import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onCleanup } from './cleanup.js';

/** An empty directory of its own, removed with all that is in it when the test file ends. */
export function tempDir(label = 'test'): string {
  const path = mkdtempSync(join(tmpdir(), `millrace-${label}-`));
  // a process that was killed a moment ago may still write
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  onCleanup(remove, remove);
  return path;
}
