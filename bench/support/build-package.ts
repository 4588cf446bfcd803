import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Builds the package: contenders import `millrace` as its users get it, compiled, and not the sources that tsx changes
 * while it loads them.
 */
export function buildPackage(): void {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = fileURLToPath(new URL('bin/tsc', `file://${manifest}`));
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
}

/** Without the `paths` of the checkout's own configuration, `millrace` is the package in `dist`. */
export const BUILT_PACKAGE_CONFIG = fileURLToPath(new URL('./built-package.tsconfig.json', import.meta.url));
