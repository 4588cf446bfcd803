import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { type Child, type Exit, startChild } from '../child-process.js';
import { onCleanup } from '../cleanup.js';
import { freePort } from '../free-port.js';
import { standStill, standStillIfThere } from '../stand-still.js';
import { tempDir } from '../temp-dir.js';

/** How a cluster is started. */
export interface PostgresOptions {
  /** Settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the cluster lies. Default: a directory that is removed at the end. */
  readonly dir?: string;
}

/** A cluster of its own on 127.0.0.1, which ends with the test file at the latest. */
export interface Postgres extends AsyncDisposable {
  readonly port: number;
  /** `postgres://postgres@127.0.0.1:port/postgres` */
  readonly url: string;
  readonly dir: string;
  /** Of the postmaster. */
  readonly pid: number;
  /** Log lines of the current process. */
  readonly log: readonly string[];
  /** Runs statements on a connection of their own; gives the rows of the last. */
  query(text: string, values?: readonly unknown[]): Promise<Readonly<Record<string, unknown>>[]>;
  /** `immediate`: as a crash of the machine, but for its disk; `fast`: connections are ended, all is saved. */
  stop(mode?: 'immediate' | 'fast'): Promise<Exit>;
  /** After `stop`, on the same port and directory. */
  start(): Promise<void>;
  /** SIGSTOP for all processes: connects succeed, and nothing is answered. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
}

/** Why there is no server here; undefined when there is one. In CI its absence fails what asks. */
export function postgresAbsence(): string | undefined {
  if (binFolder() !== undefined) return undefined;
  const reason =
    'PostgreSQL is not installed: run `node scripts/ensure-mosquitto.mjs` as root, or install the package postgresql';
  if (process.env.CI === 'true') throw new Error(reason);
  console.error(`SKIPPED, ${reason}`);
  return reason;
}

/** Makes a cluster and resolves when it takes connections. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const dir = options.dir ?? tempDir('postgres');
  for (let attempt = 1; ; attempt += 1) {
    const server = new RunningPostgres(dir, await freePort(), options.settings ?? {});
    server.create();
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop('immediate');
      // another process may have taken the port between the choice and the start
      if (attempt === 5 || !String(error).includes('Address already in use')) throw error;
    }
  }
}

class RunningPostgres implements Postgres {
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: Child | undefined;
  #suspended: number[] = [];

  constructor(dir: string, port: number, settings: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#settings = settings;
    onCleanup(async () => void (await this.stop('immediate')));
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  get log(): readonly string[] {
    return this.#process?.stderr ?? [];
  }

  create(): void {
    if (existsSync(join(this.#data, 'PG_VERSION'))) return;
    const { uid, gid } = serverUser();
    chownSync(this.dir, uid, gid);
    const fresh = freshCluster();
    if (fresh !== undefined && existsSync(fresh)) {
      copyFolder(fresh, this.#data);
      return;
    }
    const args = ['-D', this.#data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
    const [command, ...rest] = asServerUser([program('initdb'), ...args]);
    execFileSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (fresh !== undefined) keepFresh(this.#data, fresh);
  }

  async start(): Promise<void> {
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: this.dir, ...this.#settings };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, ...rest] = asServerUser([program('postgres'), '-D', this.#data, '-p', String(this.port), ...args]);
    this.#process = startChild(command, rest);
    await this.#process.waitForLine(/database system is ready to accept connections/);
  }

  async query(text: string, values: readonly unknown[] = []): Promise<Readonly<Record<string, unknown>>[]> {
    const client = new pg.Client({ connectionString: this.url });
    // one that is ended with the server has nobody else to tell
    client.on('error', () => {});
    await client.connect();
    try {
      const result: unknown = await (values.length === 0 ? client.query(text) : client.query(text, [...values]));
      const last = Array.isArray(result) ? result.at(-1) : result;
      return last.rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  async stop(mode: 'immediate' | 'fast' = 'fast'): Promise<Exit> {
    const running = this.#process;
    if (running === undefined) return { code: 0, signal: null };
    this.resume();
    return running.end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }

  suspend(): void {
    this.#suspended = [this.pid];
    standStill(this.pid);
    // no others come now; one that serves a connection may end meanwhile
    for (const pid of childrenOf(this.pid)) {
      this.#suspended.push(pid);
      standStillIfThere(pid);
    }
  }

  resume(): void {
    for (const pid of this.#suspended) signalIfThere(pid, 'SIGCONT');
    this.#suspended = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate');
  }

  get #data(): string {
    return join(this.dir, 'data');
  }
}

/** What `initdb` has made first in a run of the tests: to copy it is a tenth of that work. None where a file runs alone. */
function freshCluster(): string | undefined {
  const { MILLRACE_SHARED: shared } = process.env;
  return shared === undefined ? undefined : join(shared, 'postgres');
}

/** Another file may have kept one at the same time. */
function keepFresh(data: string, fresh: string): void {
  const work = `${fresh}-${process.pid}`;
  copyFolder(data, work);
  try {
    renameSync(work, fresh);
  } catch (error) {
    if (!existsSync(fresh)) throw error;
    rmSync(work, { recursive: true, force: true });
  }
}

/** With owners and modes, which the server looks at. */
function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-pR', from, to], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The server refuses to run as root: then it runs as the user of the package, or as nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid !== 0) return { uid, gid };
  const passwd = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entry =
    passwd.find((line) => line.startsWith('postgres:')) ?? passwd.find((line) => line.startsWith('nobody:'));
  const [, , user = '65534', group = '65534'] = entry?.split(':') ?? [];
  return { uid: Number(user), gid: Number(group) };
}

function asServerUser(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) return command;
  const { uid, gid } = serverUser();
  // the change of user takes back that the kernel ends it with this process: said again
  const user = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--pdeathsig', 'KILL'];
  return ['setpriv', ...user, ...command];
}

/** Debian has the programs of a server where no PATH looks, in a folder of its version. */
function binFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...versions.map((version) => join(root, version, 'bin')),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

function program(name: string): string {
  const folder = binFolder();
  if (folder === undefined) throw new Error('PostgreSQL is not installed');
  return join(folder, name);
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map(Number)
    .filter((child) => child > 0);
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended meanwhile
  }
}
