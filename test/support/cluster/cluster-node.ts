import type { ClusterOptions } from '../../../src/cluster/engine/cluster-options.js';
import { buildOnce } from '../build-once.js';
import { type Child, type Exit, startChild } from '../child-process.js';
import { type ClusterJobSpec, LEVELS } from './cluster-jobs.js';
import { CLUSTER_WINDOWS } from './cluster-windows.js';

/** A node of a cluster in a process of its own. */
export interface NodeProcessOptions {
  readonly engine: ClusterOptions & { readonly nodeId: string };
  /** Default: one, `counting`, which has state. */
  readonly jobs?: readonly ClusterJobSpec[];
  /** URLs of the brokers. */
  readonly from: string;
  readonly to: string;
  /** By the port of a server or broker, that of the proxy through which it is reached. Default: none. */
  readonly network?: Readonly<Record<number, number>>;
}

/** What a node has told. */
interface Line {
  readonly kind: string;
  readonly job?: string;
  readonly partition?: number;
  readonly status?: string;
}

const COUNTING: ClusterJobSpec = {
  name: 'counting',
  title: 'a count for each key',
  protocolVersion: 5,
  counts: true,
  partitions: 1,
};

/** A process of `node.mjs`, which can be killed, stopped and asked what it has. */
export class ClusterNode {
  readonly name: string;
  readonly #options: NodeProcessOptions;
  #child: Child | undefined;
  #lines: Line[] = [];
  /** `job 0`: what runs there, as far as it has said. */
  readonly #running = new Set<string>();

  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.name = options.engine.nodeId;
  }

  async start(): Promise<void> {
    const { nodeArgs, index } = await buildOnce();
    const script = new URL('./node.mjs', import.meta.url).pathname;
    const options = { jobs: [COUNTING], levels: LEVELS, windows: CLUSTER_WINDOWS, ...this.#options };
    const env = { CLUSTER_MILLRACE: index, CLUSTER_OPTIONS: JSON.stringify(options) };
    this.#lines = [];
    this.#running.clear();
    this.#child = startChild(process.execPath, [...nodeArgs, script], { env, onLine: (line) => this.#take(line) });
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** What it has told since it was started. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** What it has printed besides. */
  get errors(): readonly string[] {
    return this.#child?.stderr ?? [];
  }

  /** Whether the partition runs there, as far as it has said. */
  has(partition: number, job = COUNTING.name): boolean {
    return this.running && this.#running.has(`${job} ${partition}`);
  }

  /** SIGSTOP. */
  suspend(): void {
    this.#child?.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.signal('SIGCONT');
  }

  async kill(): Promise<Exit> {
    return (await this.#child?.end('SIGKILL')) ?? NEVER_RAN;
  }

  /** SIGTERM: hands over what it has, and ends. */
  async stop(): Promise<Exit> {
    return (await this.#child?.end('SIGTERM')) ?? NEVER_RAN;
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return;
    const line: Line = JSON.parse(text);
    this.#lines.push(line);
    const { kind, job, partition } = line;
    if (kind === 'partition-running') this.#running.add(`${job} ${partition}`);
    else if (ENDS.has(kind)) this.#running.delete(`${job} ${partition}`);
  }
}

const NEVER_RAN: Exit = { code: null, signal: null };
const ENDS = new Set(['partition-lost', 'partition-released', 'partition-restarting']);
