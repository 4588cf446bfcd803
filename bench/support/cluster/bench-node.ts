import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCleanup } from '../../../test/support/cleanup.js';
import { type Deferred, deferred } from '../../../test/support/deferred.js';
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
  #asked = 0;
  readonly #answers = new Map<number, Deferred<NodeFigures | undefined>>();

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
    child.once('exit', () => {
      this.#partitions.clear();
      this.#rejectAll('has ended');
    });
    await until(() => this.#running || child.exitCode !== null, { what: `node ${this.name} to run` });
    if (!this.#running) throw new Error(`node ${this.name} ended with ${child.exitCode}`);
  }

  async figures(question: Extract<NodeQuestion, 'figures' | object> = 'figures'): Promise<NodeFigures> {
    const figures = await this.ask(question);
    if (figures === undefined) throw new Error(`node ${this.name} gave no figures`);
    return figures;
  }

  /** Rejects when the node ends, or loses a partition before it has answered: figures would be of something else. */
  ask(question: NodeQuestion): Promise<NodeFigures | undefined> {
    this.#asked += 1;
    const answer = deferred<NodeFigures | undefined>();
    this.#answers.set(this.#asked, answer);
    this.#child?.send({ id: this.#asked, question });
    return answer.promise;
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

  /** As `MILLRACE_BENCH_PROFILE` has it for contenders; in a directory of its own, since the loader's thread has a profile too. */
  #profiling(): readonly string[] {
    const directory = process.env.MILLRACE_BENCH_PROFILE;
    if (directory === undefined) return [];
    return ['--cpu-prof', `--cpu-prof-dir=${directory}/${this.#task.job}-${this.name}`];
  }

  #take(message: NodeMessage): void {
    if (message.type === 'answer') {
      this.#answers.get(message.id)?.resolve(message.figures);
      this.#answers.delete(message.id);
    } else if (message.kind === 'running') this.#running = true;
    else if (message.partition !== undefined) this.#takeEvent(message, message.partition);
  }

  #takeEvent({ kind, restoreMs = 0, from = '' }: Extract<NodeMessage, { type: 'event' }>, partition: number): void {
    if (kind === 'partition-running') this.#partitions.set(partition, { restoreMs, from });
    else if (kind === 'partition-released') this.#partitions.delete(partition);
    else if (DISTURBANCES.has(kind)) {
      this.#partitions.delete(partition);
      this.#rejectAll('has lost a partition: this machine is too busy to measure');
    }
  }

  #rejectAll(why: string): void {
    for (const answer of this.#answers.values()) answer.reject(new Error(`node ${this.name} ${why}`));
    this.#answers.clear();
  }
}

const DISTURBANCES = new Set(['partition-lost', 'partition-restarting']);

/** The one of them that has the partition. */
export const ownerOf = (nodes: readonly BenchNode[], partition = 0): BenchNode | undefined =>
  nodes.find(({ partitions }) => partitions.has(partition));
