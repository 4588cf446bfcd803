import { setTimeout as sleep } from 'node:timers/promises';
import { type MosquittoPub, startMosquittoPub } from '../clients/mosquitto-pub.js';
import { type Letter, letterText } from '../delivery-oracle.js';

/** What a load is. */
export interface LoadOptions {
  readonly port: number;
  readonly prefix: string;
  readonly qos: 1 | 2;
  /** Default three. */
  readonly topics?: readonly string[];
  /** Bytes that each message has besides its number and check sum. Default 0. */
  readonly padding?: number;
}

/** Numbered messages by an independent publisher, one process for each topic, which the faults never touch. */
export class KillLoad implements AsyncDisposable {
  readonly sent: Letter[] = [];
  readonly #publishers = new Map<string, MosquittoPub>();
  readonly #open: (topic: string) => MosquittoPub;
  readonly #topics: readonly string[];
  readonly #padding: string;
  #pouring: Promise<void> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #stopped = false;
  #paused = false;

  constructor(options: LoadOptions) {
    const { port, prefix, qos, topics = ['a', 'b', 'c'], padding = 0 } = options;
    this.#topics = topics;
    this.#padding = padding === 0 ? '' : ` ${'.'.repeat(padding)}`;
    this.#open = (topic) => startMosquittoPub({ port, topic: `${prefix}/in/${topic}`, qos });
  }

  /** Sends the next `count` messages and does not wait for the broker. */
  async send(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const topic = this.#topics[this.sent.length % this.#topics.length] ?? 'a';
      const text = letterText(`${topic}${this.#padding}`, this.sent.length);
      this.sent.push({ topic, text });
      const publisher = this.#publishers.get(topic) ?? this.#open(topic);
      this.#publishers.set(topic, publisher);
      await publisher.send(text);
    }
  }

  /** Sends until `stop`, so many a second, but none while `full` says so. */
  pour(perSecond: number, full: () => boolean = () => false): void {
    this.#pouring = this.#pour(perSecond, full);
    // told by `stop`
    this.#pouring.catch(() => {});
  }

  /** Pours no more until `resume`. Resolves when the broker has acknowledged what was sent. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#sending;
    await this.settle();
  }

  resume(): void {
    this.#paused = false;
  }

  /** Ends the load. Resolves when the broker has acknowledged all of it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#pouring;
    await this.settle();
  }

  /** Resolves when the broker has acknowledged all that was sent; the next `send` begins on connections of its own. */
  async settle(): Promise<void> {
    const publishers = [...this.#publishers.values()];
    this.#publishers.clear();
    for (const exit of await Promise.all(publishers.map((publisher) => publisher.finish()))) {
      if (exit.code !== 0) throw new Error(`mosquitto_pub ended with ${exit.code ?? exit.signal}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#pouring.catch(() => {});
    await Promise.all([...this.#publishers.values()].map((publisher) => publisher[Symbol.asyncDispose]()));
  }

  async #pour(perSecond: number, full: () => boolean): Promise<void> {
    const from = performance.now();
    let done = 0;
    while (!this.#stopped) {
      const due = Math.floor(((performance.now() - from) * perSecond) / 1000);
      if (!this.#paused && !full()) {
        this.#sending = this.send(due - done);
        await this.#sending;
      }
      done = due;
      await sleep(20);
    }
  }
}
