import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'mqtt-level-store';
const VERSION = '3.1.0';

/**
 * The path of mqtt-level-store, which is installed for this command alone, beside the build caches; undefined where it cannot be
 * (it has native code).
 */
export function levelStore(): string | undefined {
  const home = fileURLToPath(new URL('../../node_modules/.cache/evidence', import.meta.url));
  const path = join(home, 'node_modules', PACKAGE);
  if (!existsSync(path)) {
    mkdirSync(home, { recursive: true });
    spawnSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`]);
  }
  const check = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', path]);
  return check.status === 0 ? path : undefined;
}
