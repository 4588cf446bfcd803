/* Removes what a build or a package check leaves in the checkout. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

for (const name of ['dist', '.docs-check', 'coverage']) {
  rmSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), { recursive: true, force: true });
}
