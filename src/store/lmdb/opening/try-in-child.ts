import { fork } from 'node:child_process';
import { constants } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corruptError } from '../../storage-error.js';

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

/** Nothing is known of the store. */
const UNTRIED: Outcome = { how: undefined, damage: undefined };

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

/**
 * The file beside this one, in the form in which this one was loaded. Undefined where a bundle is CommonJS, which has no URL of a module.
 */
function childMain(): string | undefined {
  const { url } = import.meta;
  if (typeof url !== 'string') return undefined;
  return fileURLToPath(new URL(`try-store-main${extname(fileURLToPath(url))}`, url));
}

async function run(path: string): Promise<Outcome> {
  const main = childMain();
  return main === undefined ? UNTRIED : runChild(main, path);
}

function runChild(main: string, path: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(main, [path], { stdio: 'ignore', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
    let damage: unknown;
    child.on('message', (message) => {
      damage = Object(message).damage;
    });
    child.on('error', () => resolve(UNTRIED));
    child.on('exit', (code, signal) => {
      const crashed = (signal !== null && CRASHES.includes(signal)) || CRASH_CODES.has(code);
      resolve({ how: crashed ? (signal ?? `exit code ${code}`) : undefined, damage });
    });
  });
}
