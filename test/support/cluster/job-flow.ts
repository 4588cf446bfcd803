import type { SeenMessage } from '../clients/mosquitto-sub.js';
import { type Delivery, judgeDelivery, type Letter } from '../delivery-oracle.js';
import { KillLoad } from '../kill/kill-load.js';
import { type ClusterJobSpec, LEVELS } from './cluster-jobs.js';
import { type ClusterWindowsReport, isWindow, judgeClusterWindows } from './cluster-windows.js';

/** What became of the messages of a job. A faultless one has only empty lists and no duplicate. */
export interface JobReport extends Delivery {
  readonly sent: number;
  /** What went out with another number than that of its place. */
  readonly miscounted: readonly string[];
}

/**
 * Nothing is sent to a job that is further behind. Six jobs of a rig share the commits that three servers on one disk flush: on a busy machine a
 * hundred in a second, so that more would not come out within the wait for it.
 */
const MOST_BEHIND = 300;

/** What goes into a job, and what comes out. */
export class JobFlow implements AsyncDisposable {
  readonly spec: ClusterJobSpec;
  readonly load: KillLoad;
  /** As a witness saw them, in order. */
  readonly seen: SeenMessage[] = [];
  /** Results of windows, as the witness saw them. */
  readonly #windows: SeenMessage[] = [];
  readonly #distinct = new Set<string>();
  /** So many of those that were sent first were all seen. */
  #complete = 0;

  /** @param port of the broker that the job reads from */
  constructor(spec: ClusterJobSpec, port: number) {
    this.spec = spec;
    this.load = new KillLoad({ port, prefix: spec.name, qos: 2, topics: LEVELS });
  }

  pour(perSecond: number): void {
    this.load.pour(perSecond, () => this.behind > MOST_BEHIND);
  }

  /** Takes what the witness saw, where it is of this job. */
  take(message: SeenMessage): void {
    if (!message.topic.startsWith(this.#prefix)) return;
    if (isWindow(message.topic.slice(this.#prefix.length))) {
      this.#windows.push(message);
      return;
    }
    this.seen.push(message);
    this.#distinct.add(this.#letterOf(message).text);
  }

  /** Messages that were sent and not seen. */
  get behind(): number {
    return this.load.sent.length - this.#distinct.size;
  }

  /** Whether those that were sent first were all seen. */
  hasSeen(count: number): boolean {
    const { sent } = this.load;
    while (this.#distinct.has(sent[this.#complete]?.text ?? '')) this.#complete += 1;
    return this.#complete >= count;
  }

  /** The longest time without a message on one of its topics, between two moments of `performance.now()`. */
  longestPauseMs(from: number, to: number): number {
    const within = this.seen.filter(({ atMs }) => atMs > from && atMs < to);
    const pauses = LEVELS.flatMap((level) => {
      const ofLevel = within.filter(({ topic }) => topic === `${this.#prefix}${level}`);
      const times = [from, ...ofLevel.map(({ atMs }) => atMs), to];
      return times.slice(1).map((time, index) => time - (times[index] ?? 0));
    });
    return Math.max(...pauses);
  }

  report(): JobReport {
    const { sent } = this.load;
    const delivery = judgeDelivery(
      sent,
      this.seen.map((message) => this.#letterOf(message)),
    );
    // the broker divides the messages of a topic: their order is given up
    const disordered = this.spec.spread === 'shared' ? [] : delivery.disordered;
    return { ...delivery, disordered, sent: sent.length, miscounted: this.#miscounted() };
  }

  windowsReport(): ClusterWindowsReport {
    return judgeClusterWindows(this.load.sent, this.#windows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
  }

  get #prefix(): string {
    return `${this.spec.name}/out/`;
  }

  #letterOf({ topic, text }: SeenMessage): Letter {
    const letter = this.spec.counts ? text.replace(/^\d+ /, '') : text;
    return { topic: topic.slice(this.#prefix.length), text: letter };
  }

  #miscounted(): readonly string[] {
    if (!this.spec.counts) return [];
    const counts = new Map<string, number>();
    return this.seen.flatMap(({ topic, text }) => {
      const expected = (counts.get(topic) ?? 0) + 1;
      counts.set(topic, expected);
      return Number.parseInt(text, 10) === expected ? [] : [`${topic}: ${text}, ${expected} expected`];
    });
  }
}
