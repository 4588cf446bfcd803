import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Builds the package: contenders import `millrace` as its users get it, compiled, and not the sources that tsx changes
 * while it loads them.
 *
 * @param options what `scripts/package/bundle.mjs` is given
 */
export function buildPackage(...options: readonly string[]): void {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  execFileSync(process.execPath, ['scripts/package/bundle.mjs', ...options], { cwd: root, stdio: 'inherit' });
}

/** Without the `paths` of the checkout's own configuration, `millrace` is the package in `dist`. */
export const BUILT_PACKAGE_CONFIG = fileURLToPath(new URL('./built-package.tsconfig.json', import.meta.url));
