import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INSTALL_MS = 600_000;

/** What is to be had, and by which command. */
export interface Installation {
  /** Where it is to lie in the end. */
  readonly target: string;
  /** Where the command leaves it, from the folder that it is given. */
  readonly made: string;
  commandFor(folder: string): readonly string[];
  readonly cwd?: string;
}

/** Installs it through a folder of its own, so that whoever looks meanwhile sees all of it or nothing. Gives why it could not be done. */
export function installIntoCache({ target, made, commandFor, cwd }: Installation): string | undefined {
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), '.installing-'));
  try {
    const [command = '', ...args] = commandFor(folder);
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
    const { status, error, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: INSTALL_MS });
    if (status !== 0) return error?.message ?? `${command} failed: ${stderr.trim().split('\n').at(-1)}`;
    rmSync(target, { recursive: true, force: true });
    renameSync(join(folder, made), target);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
