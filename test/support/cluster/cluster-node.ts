import type { ClusterOptions } from '../../../src/cluster/engine/cluster-options.js';
import type { ClusterJobOptions } from '../../../src/cluster/job/cluster-job-options.js';
import { buildOnce } from '../build-once.js';
import { type Child, startChild } from '../child-process.js';

/** A node of a cluster in a process of its own. */
export interface NodeProcessOptions {
  readonly engine: ClusterOptions & { readonly nodeId: string };
  readonly job?: Partial<ClusterJobOptions>;
  /** URLs of the brokers. */
  readonly from: string;
  readonly to: string;
  /** Default 5. */
  readonly protocolVersion?: 4 | 5;
}

/** What a node has told. */
interface Line {
  readonly kind: string;
  readonly partition?: number;
  readonly status?: string;
}

/** A process of `node.mjs`, which can be killed, stopped and asked what it has. */
export class ClusterNode {
  readonly id: string;
  readonly #options: NodeProcessOptions;
  #child: Child | undefined;

  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.id = options.engine.nodeId;
  }

  async start(): Promise<void> {
    const { nodeArgs, index } = await buildOnce();
    const script = new URL('./node.mjs', import.meta.url).pathname;
    const options = { protocolVersion: 5, ...this.#options };
    const env = { CLUSTER_MILLRACE: index, CLUSTER_OPTIONS: JSON.stringify(options) };
    this.#child = startChild(process.execPath, [...nodeArgs, script], { env });
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** What it has told since it was started. */
  get lines(): readonly Line[] {
    return (this.#child?.stdout ?? []).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** What it has printed besides. */
  get errors(): readonly string[] {
    return this.#child?.stderr ?? [];
  }

  /** Whether the partition runs there, as far as it has said. */
  has(partition: number): boolean {
    const last = this.lines.findLast((line) => line.partition === partition && ENDS_OR_BEGINS.has(line.kind));
    return this.running && last?.kind === 'partition-running';
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.signal(name);
  }

  async kill(): Promise<void> {
    await this.#child?.end('SIGKILL');
  }

  /** Hands over what it has, and ends. */
  async handOver(): Promise<void> {
    await this.#child?.end('SIGTERM');
  }
}

const ENDS_OR_BEGINS = new Set(['partition-running', 'partition-lost', 'partition-released', 'partition-restarting']);
