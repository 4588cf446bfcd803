import assert from 'node:assert/strict';
import type { SinkDefinition } from '../../sink.js';
import type { SinkFixture } from '../sink/sink-harness.js';
import type { Until } from '../until.js';
import { upwards } from '../upwards.js';
import { DurableSinkDriver } from './durable-sink-driver.js';
import { MemoryOutboxes } from './memory-outboxes.js';

/** One sink with its destination, for one case. */
export interface DurableSinkFixture<T> extends SinkFixture<T> {
  /** Opened several times in a case, one after the other, each time over what the store has by then: it must remember nothing itself. */
  readonly sink: SinkDefinition<T>;
}

/** The published limits of a sink: a case that one rules out is skipped, with the limit. */
export interface DurableSinkLimits {
  /** Why an item may arrive again after a crash. Absent: it arrives once. */
  readonly repeats?: string;
  /** Why confirmations cannot be held back. Absent: they can. */
  readonly holding?: string;
  /** Why it cannot fail. Absent: it can. */
  readonly failure?: string;
}

/** How to make a sink, and its published limits. */
export interface DurableSinkHarness<T> {
  /** Called once for each case that is not skipped; `stop` of what it gives ends it, however the case has ended. */
  start(): Promise<DurableSinkFixture<T>>;
  /** That of the context in which the sink is opened. */
  readonly guarantee: 'at-least-once' | 'exactly-once';
  /** Empty for a sink that has none. */
  readonly limits: DurableSinkLimits;
  /** Milliseconds that a case waits for what must come; the whole case may take twice that. Default 30,000. */
  readonly patienceMs?: number;
}

/** What a case works with. The store lives as long as it. */
export class DurableSinkScene<T> {
  readonly fixture: DurableSinkFixture<T>;
  readonly until: Until;
  readonly #harness: DurableSinkHarness<T>;
  /** All of the case, so that those which a failed case has left open are closed. */
  readonly #opened: DurableSinkDriver<T>[] = [];
  #store = new MemoryOutboxes();

  constructor(harness: DurableSinkHarness<T>, fixture: DurableSinkFixture<T>, until: Until) {
    this.#harness = harness;
    this.fixture = fixture;
    this.until = until;
  }

  /** Opens the sink over what is stored. The one that was open last must be closed. */
  async open(signal: AbortSignal = new AbortController().signal): Promise<DurableSinkDriver<T>> {
    this.#store = this.#store.reopen();
    const { sink } = this.fixture;
    const { guarantee } = this.#harness;
    const driver = await DurableSinkDriver.open({ sink, store: this.#store, guarantee, signal });
    this.#opened.push(driver);
    return driver;
  }

  /** Adds the items with these numbers. */
  add(driver: DurableSinkDriver<T>, sequences: readonly number[]): void {
    driver.add(...sequences.map((sequence) => this.fixture.item(sequence)));
  }

  /** Waits for them, in order. What came again counts once. */
  async arrived(count: number): Promise<void> {
    const received = (): readonly number[] => this.fixture.received();
    await this.until(() => new Set(received()).size >= count, `${count} items at the destination`);
    assert.deepEqual([...new Set(received())], upwards(0, count));
    if (this.#harness.limits.repeats === undefined) assert.equal(received().length, count, 'each once');
  }

  /** Behind the case, whether it held or not. */
  async end(): Promise<void> {
    for (const driver of this.#opened) await driver.close();
    await this.fixture.stop();
  }
}
