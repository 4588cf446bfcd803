import type { SimMessage } from '../../sim/sim-broker-session.js';

/** What the oracle has to know of the durable state. */
export interface DurableCounts {
  /** How many messages of a partition the records of its log have counted. */
  countOf(partition: number): number;
}

interface Fate {
  published: number;
  delivered: number;
  /** The number that is due. */
  due: number;
  /** The broker of the source lost them itself, and perhaps not before we had them. */
  readonly lost: Set<number>;
}

/**
 * Each message of `in/<partition>` is its number, and leads to `out/<partition>` with that number and the count that it made: so in the order in which
 * it came, once, and never before the log has it (C2).
 */
export class DeliveryOracle {
  readonly #fates: readonly Fate[];
  readonly #durable: DurableCounts | undefined;
  readonly #complain: (text: string) => void;
  /** Of all partitions. */
  count = 0;

  /** @param durable undefined: nothing counts, and what is said of the log cannot be judged */
  constructor(partitions: number, durable: DurableCounts | undefined, complain: (text: string) => void) {
    this.#fates = Array.from({ length: partitions }, () => ({ published: 0, delivered: 0, due: 0, lost: new Set() }));
    this.#durable = durable;
    this.#complain = complain;
  }

  /** The number of the next message. */
  next(partition: number): number {
    return this.#at(partition).published;
  }

  published(partition: number): void {
    this.#at(partition).published += 1;
  }

  lost(messages: readonly SimMessage[]): void {
    for (const { topic, payload } of messages) this.#at(partitionOf(topic)).lost.add(Number(payload));
  }

  /** The broker of the source has our acknowledgement. */
  handedOver({ topic, payload }: SimMessage): void {
    const partition = partitionOf(topic);
    const n = Number(payload);
    const rank = 1 + n - [...this.#at(partition).lost].filter((other) => other < n).length;
    if (this.#durable !== undefined && this.#durable.countOf(partition) < rank)
      this.#complain(`C2: ${topic} ${payload} was acknowledged before the log had it`);
  }

  /** The broker of the sink has it from us. */
  arrived({ topic, payload }: SimMessage): void {
    const [, count = 0] = payload.split(' ').map(Number);
    if (this.#durable !== undefined && this.#durable.countOf(partitionOf(topic)) < count)
      this.#complain(`C2: ${topic} ${payload} left before the log had it`);
  }

  /** The broker of the sink passes it on. */
  delivered({ topic, payload }: SimMessage): void {
    const fate = this.#at(partitionOf(topic));
    const [n = -1, count = -1] = payload.split(' ').map(Number);
    while (fate.due < n && fate.lost.has(fate.due)) fate.due += 1;
    const isDue = n === fate.due && n < fate.published;
    const isCounted = this.#durable === undefined || count === fate.delivered + 1;
    if (!isDue || !isCounted)
      this.#complain(`EXACTLY ONCE: ${topic} ${payload} was delivered, and ${fate.due} ${fate.delivered + 1} was due`);
    fate.due = n + 1;
    fate.delivered += 1;
    this.count += 1;
  }

  get isComplete(): boolean {
    return this.#fates.every(({ published, due, lost }) => {
      let next = due;
      while (next < published && lost.has(next)) next += 1;
      return next === published;
    });
  }

  missing(): string {
    return this.#fates.map(({ published, due }) => `${due} of ${published}`).join(', ');
  }

  #at(partition: number): Fate {
    const fate = this.#fates[partition];
    if (fate === undefined) throw new RangeError(`there is no partition ${partition}`);
    return fate;
  }
}

const partitionOf = (topic: string): number => Number(topic.slice(topic.indexOf('/') + 1));
