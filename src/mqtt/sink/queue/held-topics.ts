import type { Row } from '../message/row.js';

interface HeldTopic {
  /** By ascending index: the refused ones before those that wait behind them. */
  readonly rows: Row[];
  /** Nothing of the topic is published before this time. */
  dueMs: number;
  /** How many may be in flight: 1 after a refusal, one more with each delivery, so that the broker is felt out again. */
  limit: number;
  /** Rows that went out by this pacing and have no answer yet. */
  inflight: number;
}

/**
 * Topics with a refused message that is to be published again (R20): later rows of the topic wait here, in order, while
 * other topics go on. A topic leaves when all its rows are delivered or given up.
 */
export class HeldTopics {
  readonly #topics = new Map<string, HeldTopic>();
  #waiting = 0;

  /** How many topics are held. */
  get size(): number {
    return this.#topics.size;
  }

  /** Rows that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** A refused row: its topic rests until `dueMs`. */
  hold(row: Row, dueMs: number): void {
    let topic = this.#topics.get(row.topic);
    if (topic === undefined) {
      topic = { rows: [], dueMs, limit: 1, inflight: 0 };
      this.#topics.set(row.topic, topic);
    }
    topic.dueMs = Math.max(topic.dueMs, dueMs);
    topic.limit = 1;
    insertByIndex(topic.rows, row);
    this.#waiting += 1;
    this.#leaveFlight(topic, row);
  }

  /** A row that has come to the front of the queue while its topic is held. */
  append(row: Row): void {
    const topic = this.#topics.get(row.topic);
    if (topic === undefined) return;
    topic.rows.push(row);
    this.#waiting += 1;
  }

  /** A row of a held topic is delivered or given up. */
  settle(row: Row): void {
    const topic = this.#topics.get(row.topic);
    if (topic === undefined) return;
    if (row.paced) topic.limit += 1;
    this.#leaveFlight(topic, row);
    if (topic.rows.length === 0 && topic.inflight === 0) this.#topics.delete(row.topic);
  }

  /** The next row below the index `mark` that may be published now. */
  take(now: number, mark: number): Row | undefined {
    for (const topic of this.#topics.values()) {
      const row = topic.rows[0];
      // only its first row: a later one of the topic must not pass it (L1)
      if (row === undefined || row.index >= mark || topic.dueMs > now || topic.inflight >= topic.limit) continue;
      topic.rows.shift();
      topic.inflight += 1;
      row.paced = true;
      this.#waiting -= 1;
      return row;
    }
    return undefined;
  }

  /** When `take` may give a row that rests now; Infinity for never. */
  deadline(mark: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { rows, inflight, limit, dueMs } of this.#topics.values()) {
      if ((rows[0]?.index ?? mark) < mark && inflight < limit) earliest = Math.min(earliest, dueMs);
    }
    return earliest;
  }

  #leaveFlight(topic: HeldTopic, row: Row): void {
    if (!row.paced) return;
    row.paced = false;
    topic.inflight -= 1;
  }
}

const insertByIndex = (rows: Row[], row: Row): void => {
  let at = rows.length;
  while (at > 0 && (rows[at - 1]?.index ?? -1) > row.index) at -= 1;
  rows.splice(at, 0, row);
};
