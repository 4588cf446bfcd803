import { fork } from 'node:child_process';
import { constants } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corruptError } from '../../storage-error.js';

/** The file beside this one, in the form in which this one was loaded. */
const MAIN = fileURLToPath(new URL(`try-store-main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
const LIMIT_MS = 600_000;

/** How native code ends a process that believes what is wrong: as a signal, as a shell's exit code, or as Windows says it. */
const CRASHES: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP'];
const CRASH_CODES = new Set<unknown>([
  ...CRASHES.map((name) => 128 + constants.signals[name]),
  0xc000_0005,
  0xc000_0006,
  0xc000_0409,
]);

interface Outcome {
  readonly how: string | undefined;
  readonly damage: unknown;
}

/**
 * Reads all of a store in a process of its own (X8). Where that is ended by it, so would ours be, at each start anew. A child that cannot
 * be started, or is ended by others, says nothing about the store.
 * @throws MillraceError STORE_CORRUPT
 */
export async function tryInChild(path: string): Promise<void> {
  const { how, damage } = await run(path);
  if (how !== undefined) throw corruptError(`${path} is damaged: reading it ends a process (${how})`);
  if (typeof damage === 'string') throw corruptError(damage.includes(path) ? damage : `${path}: ${damage}`);
}

function run(path: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(MAIN, [path], { stdio: 'ignore', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
    let damage: unknown;
    child.on('message', (message) => {
      damage = Object(message).damage;
    });
    child.on('error', () => resolve({ how: undefined, damage: undefined }));
    child.on('exit', (code, signal) => {
      const crashed = (signal !== null && CRASHES.includes(signal)) || CRASH_CODES.has(code);
      resolve({ how: crashed ? (signal ?? `exit code ${code}`) : undefined, damage });
    });
  });
}
