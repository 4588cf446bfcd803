import type { SimMessage } from '../../sim/sim-broker-session.js';

/** What the oracle has to know of the durable state. */
export interface DurableCounts {
  /** How many messages of a key the records of all logs have counted. */
  countOf(key: string): number;
}

/** The messages of one key. */
interface Fate {
  delivered: number;
  /** The number that is due. */
  due: number;
}

/** What is published to one partition. */
interface Publications {
  count: number;
  /** The broker lost them itself, and perhaps not before we had them. */
  readonly lost: Set<number>;
}

/**
 * Messages of `in/<partition>` are numbered, and the keys take turns: number `n` is of key `<partition>/<n mod keys>`. It leads to a
 * message of `out/<key>`, with the number and the count that the key has then: so in the order in which they came, each once (C5, where
 * items change their partition), and never before a log has it (C2).
 */
export class DeliveryOracle {
  readonly #keys: number;
  readonly #publications: readonly Publications[];
  readonly #fates = new Map<string, Fate>();
  readonly #durable: DurableCounts;
  readonly #complain: (text: string) => void;
  /** Of all keys. */
  count = 0;

  constructor(partitions: number, keys: number, durable: DurableCounts, complain: (text: string) => void) {
    this.#keys = keys;
    this.#publications = Array.from({ length: partitions }, () => ({ count: 0, lost: new Set() }));
    this.#durable = durable;
    this.#complain = complain;
    for (let partition = 0; partition < partitions; partition += 1)
      for (let turn = 0; turn < keys; turn += 1) this.#fates.set(`${partition}/${turn}`, { delivered: 0, due: turn });
  }

  /** The number of the next message. */
  next(partition: number): number {
    return this.#of(partition).count;
  }

  published(partition: number): void {
    this.#of(partition).count += 1;
  }

  lost(messages: readonly SimMessage[]): void {
    for (const { topic, payload } of messages) this.#of(partitionOf(topic)).lost.add(Number(payload));
  }

  /** How many the broker has lost. */
  get lostCount(): number {
    return this.#publications.reduce((sum, { lost }) => sum + lost.size, 0);
  }

  /** The broker of the source has our acknowledgement. Where items change their partition it is not counted yet, but stored. */
  handedOver({ topic, payload }: SimMessage): void {
    if (this.#keys > 1) return;
    const partition = partitionOf(topic);
    const n = Number(payload);
    const before = [...this.#of(partition).lost].filter((other) => other < n).length;
    if (this.#durable.countOf(`${partition}/0`) <= n - before)
      this.#complain(`C2: ${topic} ${payload} was acknowledged before the log had it`);
  }

  /** The broker of the sink has it from us. */
  arrived({ topic, payload }: SimMessage): void {
    const [, count = 0] = payload.split(' ').map(Number);
    if (this.#durable.countOf(topic.slice(OUT.length)) < count)
      this.#complain(`C2: ${topic} ${payload} left before the log had it`);
  }

  /** The broker of the sink passes it on. */
  delivered({ topic, payload }: SimMessage): void {
    const key = topic.slice(OUT.length);
    const fate = this.#fates.get(key);
    const [n = -1, count = -1] = payload.split(' ').map(Number);
    if (fate === undefined) {
      this.#complain(`EXACTLY ONCE: there is no key ${key}`);
      return;
    }
    const due = this.#dueOf(key, fate.due, n);
    if (n !== due || n >= this.#of(partitionOf(topic)).count || count !== fate.delivered + 1)
      this.#complain(`EXACTLY ONCE: ${topic} ${payload} was delivered, and ${due} ${fate.delivered + 1} was due`);
    fate.due = n + this.#keys;
    fate.delivered += 1;
    this.count += 1;
  }

  get isComplete(): boolean {
    return this.missing() === '';
  }

  /** The first of each key that is missing. */
  missing(): string {
    const missing = [...this.#fates].flatMap(([key, { due }]) => {
      const { count } = this.#of(Number(key.split('/')[0]));
      const next = this.#dueOf(key, due, count);
      return next < count ? [`${key}: ${next}`] : [];
    });
    return missing.join(', ');
  }

  /** What is due below `before`, without what the broker lost; the first behind that where all of it was lost. */
  #dueOf(key: string, due: number, before: number): number {
    const { lost } = this.#of(Number(key.split('/')[0]));
    let next = due;
    while (next < before && lost.has(next)) next += this.#keys;
    return next;
  }

  #of(partition: number): Publications {
    const publications = this.#publications[partition];
    if (publications === undefined) throw new RangeError(`there is no partition ${partition}`);
    return publications;
  }
}

const OUT = 'out/';
const partitionOf = (topic: string): number => Number(topic.split('/')[1]);
