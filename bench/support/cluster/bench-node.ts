import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCleanup } from '../../../test/support/cleanup.js';
import { until } from '../../../test/support/until.js';
import { BUILT_PACKAGE_CONFIG } from '../build-package.js';
import type { NodeFigures, NodeMessage, NodeQuestion, NodeTask } from './node-task.js';

/** How a partition came to a node. */
export interface Arrival {
  /** Milliseconds until its state was there. */
  readonly restoreMs: number;
  /** `view`, `snapshot` or `log`. */
  readonly from: string;
}

/** A process of `job-node.ts`, which can be asked, ended and killed. */
export class BenchNode {
  readonly name: string;
  readonly #task: NodeTask;
  readonly #partitions = new Map<number, Arrival>();
  #child: ChildProcess | undefined;
  #running = false;
  #disturbed = false;
  #asked = 0;
  readonly #answers = new Map<number, (figures: NodeFigures | undefined) => void>();

  constructor(task: NodeTask) {
    this.name = task.node;
    this.#task = task;
    onCleanup(
      () => this.kill(),
      () => void this.#child?.kill('SIGKILL'),
    );
  }

  /** What runs there, and how it came. */
  get partitions(): ReadonlyMap<number, Arrival> {
    return this.#partitions;
  }

  /** @throws Error when something stopped here that should not have: figures are of something else then */
  mustBeUndisturbed(): void {
    if (this.#disturbed) throw new Error(`${this.name} has lost a partition: this machine is too busy to measure`);
  }

  /** Resolves when the job runs, at whichever node. */
  async start(): Promise<void> {
    this.#running = false;
    const file = fileURLToPath(new URL('./job-node.ts', import.meta.url));
    const child = fork(file, [JSON.stringify(this.#task)], {
      execArgv: ['--import', 'tsx', ...this.#profiling()],
      env: { ...process.env, TSX_TSCONFIG_PATH: BUILT_PACKAGE_CONFIG },
    });
    this.#child = child;
    child.on('message', (message: NodeMessage) => this.#take(message));
    child.once('exit', () => this.#partitions.clear());
    await until(() => this.#running || child.exitCode !== null, { what: `node ${this.name} to run` });
    if (!this.#running) throw new Error(`node ${this.name} ended with ${child.exitCode}`);
  }

  async figures(): Promise<NodeFigures> {
    const figures = await this.ask('figures');
    if (figures === undefined) throw new Error(`node ${this.name} gave no figures`);
    return figures;
  }

  ask(question: NodeQuestion): Promise<NodeFigures | undefined> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child?.send({ id, question });
    });
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM: it hands over what it has. */
  handOver(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** As `MILLRACE_BENCH_PROFILE` has it for contenders. */
  #profiling(): readonly string[] {
    const directory = process.env.MILLRACE_BENCH_PROFILE;
    if (directory === undefined) return [];
    return ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${this.#task.job}-${this.name}.cpuprofile`];
  }

  #take(message: NodeMessage): void {
    if (message.type === 'answer') {
      this.#answers.get(message.id)?.(message.figures);
      this.#answers.delete(message.id);
    } else if (message.kind === 'running') this.#running = true;
    else if (message.partition !== undefined) this.#takeEvent(message, message.partition);
  }

  #takeEvent({ kind, restoreMs = 0, from = '' }: Extract<NodeMessage, { type: 'event' }>, partition: number): void {
    if (kind === 'partition-running') this.#partitions.set(partition, { restoreMs, from });
    else if (kind === 'partition-released') this.#partitions.delete(partition);
    else if (DISTURBANCES.has(kind)) {
      this.#partitions.delete(partition);
      this.#disturbed = true;
    }
  }
}

const DISTURBANCES = new Set(['partition-lost', 'partition-restarting']);

/** The one of them that has the partition. */
export const ownerOf = (nodes: readonly BenchNode[], partition = 0): BenchNode | undefined =>
  nodes.find(({ partitions }) => partitions.has(partition));
