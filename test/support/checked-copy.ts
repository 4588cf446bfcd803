import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from './temp-dir.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of `src` to plant something in, and what a check of `scripts` says of it. */
export class CheckedCopy {
  readonly folder = join(tempDir('copy'), 'src');
  readonly #script: string;

  constructor(script: string) {
    this.#script = script;
    cpSync(join(ROOT, 'src'), this.folder, { recursive: true });
  }

  /** Adds to a file, or makes it. */
  plant(file: string, ...lines: readonly string[]): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    appendFileSync(join(this.folder, file), lines.map((line) => `${line}\n`).join(''));
  }

  /** How the check names a place. */
  at(place: string): string {
    return `${relative(ROOT, this.folder)}/${place}`;
  }

  check(): { readonly status: number | null; readonly told: readonly string[] } {
    const { status, stderr } = spawnSync(process.execPath, [join('scripts', this.#script), this.folder], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    return { status, told: stderr.split('\n').filter((line) => line !== '') };
  }
}
