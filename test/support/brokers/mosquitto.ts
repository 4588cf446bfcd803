import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Child, type Exit, startChild } from '../child-process.js';
import { onCleanup } from '../cleanup.js';
import { freePort } from '../free-port.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import { type ListenerOptions, type MosquittoConfig, writeMosquittoConfig } from './mosquitto-config.js';

/** What `startMosquitto` takes besides the configuration. */
export interface MosquittoOptions extends MosquittoConfig {
  /** Default: a free one. */
  readonly port?: number;
  /** Where the configuration and the persistence file lie. Default: a directory that is removed at the end. */
  readonly dir?: string;
  /** Further listeners beside the plain one. */
  readonly listeners?: readonly ListenerOptions[];
}

/** A real broker on 127.0.0.1 that ends with the test file at the latest. */
export interface Mosquitto extends AsyncDisposable {
  readonly host: string;
  /** The plain MQTT listener. */
  readonly port: number;
  /** `mqtt://127.0.0.1:port` */
  readonly url: string;
  /** The ports of `listeners`, in their order. */
  readonly listenerPorts: readonly number[];
  readonly dir: string;
  readonly pid: number;
  /** Log lines of the current process. */
  readonly log: readonly string[];
  waitForLog(pattern: RegExp): Promise<string>;
  /** SIGTERM: with persistence everything is saved first (profile BD of the fault matrix). */
  stop(): Promise<Exit>;
  /** SIGKILL: what was not saved is lost (profiles BL, BA). */
  kill(): Promise<Exit>;
  /** SIGUSR1: with persistence everything is saved, and it goes on. */
  save(): Promise<void>;
  /** SIGUSR1, waits for the save, then SIGKILL: a durable crash. */
  saveThenKill(): Promise<Exit>;
  /** SIGHUP: reads its configuration again, as it is then, and its ACL file. What it cannot take over while it runs stays. */
  reconfigure(change?: (config: string) => string): Promise<void>;
  /** Starts it after `stop` or `kill`, on the same ports and directory. */
  start(): Promise<void>;
  /** Ends it by SIGTERM when it runs, and starts it. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and connects succeed, but nothing is answered. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
}

/** Starts a broker and resolves when it takes connections. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const dir = options.dir ?? tempDir('mosquitto');
  const attempts = options.port === undefined ? 5 : 1;
  for (let attempt = 1; ; attempt += 1) {
    const broker = new RunningMosquitto(dir, await choosePorts(options), options);
    try {
      await broker.start();
      return broker;
    } catch (error) {
      await broker.stop();
      // Another process may have taken the port between the choice and the start.
      if (attempt === attempts || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function choosePorts(options: MosquittoOptions): Promise<number[]> {
  const ports = [options.port ?? (await freePort())];
  for (const _ of options.listeners ?? []) ports.push(await freePort());
  return ports;
}

/** Debian installs the broker where only root's PATH looks. */
export function mosquittoCommand(): string {
  const path = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/usr/local/sbin${delimiter}/opt/homebrew/sbin`;
  const found = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'mosquitto'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('mosquitto is not installed: run `node scripts/ensure-mosquitto.mjs`');
  return found;
}

class RunningMosquitto implements Mosquitto {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly url: string;
  readonly listenerPorts: readonly number[];
  readonly dir: string;
  readonly #config: string;
  #process: Child | undefined;
  #suspended = false;

  constructor(dir: string, ports: readonly number[], options: MosquittoOptions) {
    const [port = 0, ...further] = ports;
    this.dir = dir;
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
    this.listenerPorts = further;
    const listeners = (options.listeners ?? []).map((listener, index) => ({ ...listener, port: further[index] ?? 0 }));
    this.#config = writeMosquittoConfig(dir, [{ port }, ...listeners], options);
    onCleanup(async () => void (await this.stop()));
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  get log(): readonly string[] {
    return this.#process?.stderr ?? [];
  }

  waitForLog(pattern: RegExp): Promise<string> {
    if (this.#process === undefined) throw new Error('the broker was never started');
    return this.#process.waitForLine(pattern);
  }

  async start(): Promise<void> {
    const child = startChild(mosquittoCommand(), ['-c', this.#config]);
    this.#process = child;
    this.#suspended = false;
    for (const port of [this.port, ...this.listenerPorts]) {
      await until(() => !child.running || takesConnections(port), {
        what: () => `mosquitto on ${port}\n${this.log.join('\n')}`,
      });
    }
    if (!child.running) throw new Error(`mosquitto did not start:\n${this.log.join('\n')}`);
  }

  async stop(): Promise<Exit> {
    return this.#end('SIGTERM');
  }

  async kill(): Promise<Exit> {
    return this.#end('SIGKILL');
  }

  async save(): Promise<void> {
    const file = join(this.dir, 'mosquitto.db');
    const before = inode(file);
    this.#process?.signal('SIGUSR1');
    await this.waitForLog(/Saving in-memory database/);
    // The save goes to another file, which is renamed when it is complete.
    await until(() => inode(file) !== before, { what: `a new ${file}` });
  }

  async saveThenKill(): Promise<Exit> {
    await this.save();
    return this.#end('SIGKILL');
  }

  async reconfigure(change: (config: string) => string = (config) => config): Promise<void> {
    writeFileSync(this.#config, change(readFileSync(this.#config, 'utf8')));
    const reloads = () => this.log.filter((line) => line.startsWith('Reloading config')).length;
    const before = reloads();
    this.#process?.signal('SIGHUP');
    await until(() => reloads() > before, { what: 'a reload of the broker' });
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  suspend(): void {
    this.#suspended = true;
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#suspended = false;
    this.#process?.signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: NodeJS.Signals): Promise<Exit> {
    if (this.#suspended && signal !== 'SIGKILL') this.resume();
    return (await this.#process?.end(signal)) ?? { code: null, signal: null };
  }
}

/** Whether something listens there. */
export function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
