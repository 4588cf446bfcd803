import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../build/bench', import.meta.url));
/** The first build of a peer fetches and compiles all that it rests on. */
const LIMIT_MS = 900_000;

/** Where the source of a peer is, and where what is installed and built for it stays. */
export interface Workshop {
  readonly source: string;
  readonly cache: string;
  /** Runs a program in `source`. Rejects with the last lines that it printed. */
  run(command: string, args: readonly string[]): Promise<void>;
}

/** Of `bench/peers/<name>`. */
export function workshopOf(name: string): Workshop {
  const source = join(HERE, name);
  const cache = join(CACHE, name);
  mkdirSync(cache, { recursive: true });
  return { source, cache, run: (command, args) => runIn(source, command, args) };
}

async function runIn(cwd: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, [...args], { cwd, timeout: LIMIT_MS, maxBuffer: 64 * 1024 ** 2 });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(isMissing ? `there is no ${command}` : `${command}: ${said.split('\n').slice(-3).join(' ')}`);
  }
}
