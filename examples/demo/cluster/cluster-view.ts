import type { DemoNode } from './demo-node.js';
import { LINES } from './lines.js';

/** What the view shows besides the nodes. */
export interface DemoCounts {
  readonly sent: number;
  readonly arrived: number;
}

/** Shows who has what: redrawn in place on a terminal, a line a second elsewhere. */
export class ClusterView {
  readonly #nodes: readonly DemoNode[];
  readonly #counts: () => DemoCounts;
  readonly #silent: boolean;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #linesUp = 0;
  #commits = { count: 0, atMs: performance.now(), perSecond: 0 };

  constructor(nodes: readonly DemoNode[], counts: () => DemoCounts, silent: boolean) {
    this.#nodes = nodes;
    this.#counts = counts;
    this.#silent = silent;
  }

  start(): void {
    if (!this.#silent) this.#timer = setInterval(() => this.#show(), process.stdout.isTTY ? 250 : 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (!this.#silent) this.#show();
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.#silent) return;
    this.#draw([], `${this.#seconds()}  ${text}`);
    this.#show();
  }

  #show(): void {
    const { sent, arrived } = this.#counts();
    const nodes = this.#nodes.map((node) => `${node.name} ${whatOf(node)}`);
    const figures = `sent ${grouped(sent)}  arrived ${grouped(arrived)}  commits ${grouped(this.#commitsPerSecond())}/s`;
    const nowhere = nowhereOf(this.#nodes);
    const waiting = nowhere.length > 0 && sent > 0 ? [`runs nowhere: ${nowhere.join(' ')}`] : [];
    if (process.stdout.isTTY) this.#draw([...nodes, ...waiting, figures].map((line) => `   ${line}`));
    else this.#draw([`${this.#seconds()}  ${[...nodes, ...waiting, figures].join('  ')}`]);
  }

  /** On a terminal `lines` are drawn over by what comes next, and `kept` is not. */
  #draw(lines: readonly string[], kept?: string): void {
    const up = this.#linesUp > 0 ? `\u001b[${this.#linesUp}A\u001b[J` : '';
    const all = kept === undefined ? lines : [kept, ...lines];
    process.stdout.write(`${up}${all.map((line) => `${line}\n`).join('')}`);
    this.#linesUp = process.stdout.isTTY ? lines.length : 0;
  }

  /** The nodes say it once a second. */
  #commitsPerSecond(): number {
    const now = performance.now();
    const elapsedMs = now - this.#commits.atMs;
    if (elapsedMs >= 1_000) {
      const count = this.#nodes.reduce((sum, { commits }) => sum + commits, 0);
      this.#commits = { count, atMs: now, perSecond: ((count - this.#commits.count) * 1000) / elapsedMs };
    }
    return Math.round(this.#commits.perSecond);
  }

  #seconds(): string {
    return `${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5)} s`;
  }
}

/** Partitions that run at no node. */
export function nowhereOf(nodes: readonly DemoNode[]): readonly number[] {
  const running = new Set(nodes.flatMap(({ partitions }) => partitions));
  return LINES.map((_, index) => index).filter((index) => !running.has(index));
}

function whatOf({ state, partitions }: DemoNode): string {
  if (state === 'killed') return '✖ killed'.padEnd(13);
  const text =
    state === 'starting' ? '… starting' : `has ${partitions.length === 0 ? 'nothing' : partitions.join(' ')}`;
  return text.padEnd(13);
}

export const grouped = (value: number): string => value.toLocaleString('en-US');
