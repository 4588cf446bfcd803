import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { onCleanup } from './cleanup.js';
import { PATIENCE_MS } from './limits.js';
import { standStill } from './stand-still.js';
import { within } from './within.js';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that ends with the test file at the latest. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Lines of stdout and stderr so far, each in its own list. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The first line, past or future, of either stream that matches. Rejects when the process ends without one. */
  waitForLine(pattern: RegExp, options?: { timeoutMs?: number; from?: number }): Promise<string>;
  /** Writes a line to stdin. Resolves when the process may be given more. */
  writeLine(line: string): Promise<void>;
  endInput(): void;
  /** SIGSTOP is back when the process stands. */
  signal(name: NodeJS.Signals): void;
  /** Sends a signal (default SIGTERM) and waits for the end; SIGKILL follows after half a minute. */
  end(signal?: NodeJS.Signals): Promise<Exit>;
}

/** What `startChild` runs. */
export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called for each line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
  /** Default true: lines are kept. Turn it off for processes that print without end. */
  readonly keepLines?: boolean;
  /** Default false. True: in a process group of its own, so that a signal to the group of the tests does not reach it. */
  readonly ownGroup?: boolean;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** A drain takes seconds, and on a busy machine tens of them. */
const STUBBORN_MS = 30_000;
const SETPRIV = '/usr/bin/setpriv';

/** Starts a process. On Linux the kernel ends it when this process dies, even by SIGKILL. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const guarded = process.platform === 'linux' && existsSync(SETPRIV);
  const child = spawn(guarded ? SETPRIV : command, guarded ? ['--pdeathsig', 'KILL', command, ...args] : [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: options.ownGroup ?? false,
  });
  return new StartedChild(child, `${command} ${args.join(' ')}`, options);
}

class StartedChild implements Child {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exited: Promise<Exit>;
  readonly #all: string[] = [];
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #waiters = new Set<Waiter>();
  #running = true;

  constructor(child: ChildProcess, title: string, options: ChildOptions) {
    this.#child = child;
    this.#title = title;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#all.push(String(error));
        if (child.pid === undefined) resolve(this.#ended({ code: 127, signal: null }));
      });
      child.once('close', (code, signal) => resolve(this.#ended({ code, signal })));
    });
    child.stdin?.on('error', () => {});
    const forget = onCleanup(
      async () => void (await this.end()),
      () => void child.kill('SIGKILL'),
    );
    void this.exited.then(forget);
    this.#read(child.stdout, this.stdout, options);
    this.#read(child.stderr, this.stderr, options);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#running;
  }

  waitForLine(pattern: RegExp, { timeoutMs = PATIENCE_MS, from = 0 } = {}): Promise<string> {
    const found = this.#all.slice(from).find((line) => pattern.test(line));
    if (found !== undefined) return Promise.resolve(found);
    if (!this.#running) return Promise.reject(this.#endedWithout(pattern));
    const line = new Promise<string>((resolve, reject) => this.#waiters.add({ pattern, resolve, reject }));
    return within(line, timeoutMs, () => `a line ${pattern} of ${this.#title}\n${this.#tail()}`);
  }

  async writeLine(line: string): Promise<void> {
    const input = this.#child.stdin;
    if (input === null || input.destroyed) throw new Error(`${this.#title} reads no more\n${this.#tail()}`);
    await new Promise<void>((resolve) => input.write(`${line}\n`, () => resolve()));
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#running) return;
    if (name === 'SIGSTOP') standStill(this.pid);
    else this.#child.kill(name);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.#running) return this.exited;
    this.#child.kill(signal);
    // A stopped process takes no SIGTERM before it goes on.
    if (signal !== 'SIGKILL') this.#child.kill('SIGCONT');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), STUBBORN_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(hard);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #read(stream: NodeJS.ReadableStream | null, into: string[], options: ChildOptions): void {
    if (stream === null) return;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      if (options.keepLines !== false) {
        into.push(line);
        this.#all.push(line);
      }
      options.onLine?.(line);
      for (const waiter of this.#waiters) {
        if (!waiter.pattern.test(line)) continue;
        this.#waiters.delete(waiter);
        waiter.resolve(line);
      }
    });
  }

  #ended(exit: Exit): Exit {
    this.#running = false;
    for (const waiter of this.#waiters) waiter.reject(this.#endedWithout(waiter.pattern));
    this.#waiters.clear();
    return exit;
  }

  #endedWithout(pattern: RegExp): Error {
    return new Error(`${this.#title} ended without a line ${pattern}\n${this.#tail()}`);
  }

  #tail(): string {
    return this.#all.slice(-20).join('\n');
  }
}
