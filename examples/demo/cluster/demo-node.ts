import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../../test/support/child-process.js';
import { programArgs } from '../../../test/support/program-args.js';
import { tempDir } from '../../../test/support/temp-dir.js';

/** Where a node works. */
export interface DemoPlace {
  readonly servers: readonly string[];
  /** URLs of the brokers. */
  readonly from: string;
  readonly to: string;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COMMAND = programArgs('src/cli/main.ts');
const [MODULE = ''] = programArgs('examples/demo/cluster/pipeline.ts').slice(-1);

/** A node in a process of its own: `millrace run … --cluster …`, as anybody runs it, whose lines for machines are read. */
export class DemoNode {
  readonly name: string;
  readonly #place: DemoPlace;
  readonly #dir: string;
  readonly #partitions = new Set<number>();
  #child: Child | undefined;
  #state: 'starting' | 'here' | 'killed' = 'starting';
  #commits = 0;
  #commitsBefore = 0;
  #page: string | undefined;
  #lastError = '';

  constructor(name: string, place: DemoPlace) {
    this.name = name;
    this.#place = place;
    this.#dir = tempDir(`demo-node-${name}`);
  }

  /** What runs there, in ascending order. */
  get partitions(): readonly number[] {
    return [...this.#partitions].sort((a, b) => a - b);
  }

  get state(): 'starting' | 'here' | 'killed' {
    return this.#state;
  }

  /** Of all its processes, as far as they have said: each says it once a second. */
  get commits(): number {
    return this.#commitsBefore + this.#commits;
  }

  /** Where a browser sees what runs there: one address over all of its processes; undefined: it has not said yet. */
  get page(): string | undefined {
    return this.#page;
  }

  /** Starts it, for the first time or again. */
  start(): void {
    const { servers, from, to } = this.#place;
    const cluster = ['--cluster', servers.join(','), '--node-id', this.name, '--dir', join(this.#dir, 'views')];
    const http = ['--http', this.#page === undefined ? '0' : new URL(this.#page).port];
    const args = [...COMMAND, 'run', MODULE, ...cluster, ...http, '--stats', '--json'];
    this.#state = 'starting';
    this.#child = startChild(process.execPath, args, {
      cwd: ROOT,
      env: { DEMO_FROM: from, DEMO_TO: to },
      keepLines: false,
      onLine: (line) => this.#take(line),
    });
    void this.#child.exited.then(() => this.#partitions.clear());
  }

  /** @throws Error when it has ended by itself, with the last that it said */
  mustRun(): void {
    if (this.#state !== 'killed' && this.#child?.running !== true)
      throw new Error(`node ${this.name} has ended: ${this.#lastError}`);
  }

  /** kill -9 */
  async kill(): Promise<void> {
    this.#state = 'killed';
    await this.#child?.end('SIGKILL');
    this.#commitsBefore += this.#commits;
    this.#commits = 0;
  }

  /** SIGTERM: it hands over what it has. */
  async end(): Promise<void> {
    await this.#child?.end('SIGTERM');
  }

  #take(line: string): void {
    if (!line.startsWith('{')) {
      this.#lastError = line;
      return;
    }
    const { event, partition, commits, url } = JSON.parse(line);
    if (event === 'http') this.#page = url;
    else if (event === 'joined') this.#state = 'here';
    else if (event === 'stats') this.#commits = commits;
    else if (event === 'partition-running') this.#partitions.add(partition);
    else if (ENDS.has(event)) this.#partitions.delete(partition);
  }
}

const ENDS = new Set(['partition-lost', 'partition-released', 'partition-restarting']);
