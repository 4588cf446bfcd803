import assert from 'node:assert/strict';
import { openDirectRun } from '../../../src/engine/direct/open-run.js';
import { openDurableRun } from '../../../src/engine/durable/open-run.js';
import type { RunParts, RunRequest } from '../../../src/engine/opening/run-parts.js';
import { createTallies } from '../../../src/engine/tick/job-tallies.js';
import type { CallLane } from '../../../src/engine/tick/lanes/call-lane.js';
import type { Slot } from '../../../src/engine/tick/lanes/slot.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import type { Pipeline } from '../../../src/pipeline/index.js';
import { MemoryStores } from '../../../src/store/index.js';

/** A job that no driver drives: its time, its ticks and its commits come from the test. */
export class MachineRig {
  /** That of the next `open`. */
  pipeline: Pipeline;
  readonly #isStored: boolean;
  #stores = new MemoryStores();
  #run: RunParts | undefined;
  /** How many inputs, and outputs, may be under way. */
  maxItemsInFlight = 1000;
  /** How many rows an outbox may have. */
  maxRows = 100_000;
  readonly calls: { readonly lane: CallLane; readonly slot: Slot }[] = [];
  readonly registry = new MetricsRegistry();

  constructor(pipeline: Pipeline, kind: 'stored' | 'in memory') {
    this.pipeline = pipeline;
    this.#isStored = kind === 'stored';
  }

  get run(): RunParts {
    assert.ok(this.#run, 'not open');
    return this.#run;
  }

  get machine(): RunParts['machine'] {
    return this.run.machine;
  }

  async open(): Promise<void> {
    const { registry: metrics, maxItemsInFlight, maxRows } = this;
    const fail = (error: Error): never => {
      throw error;
    };
    const stores = this.#isStored ? this.#stores : undefined;
    const request: RunRequest = {
      options: {
        graph: this.pipeline.toGraph(),
        job: 'job',
        partition: 0,
        partitions: 1,
        giveUp: [],
        dropState: [],
        initialSnapshot: undefined,
        guarantee: this.#isStored ? 'exactly-once' : 'none',
        metrics,
        tallies: createTallies(metrics, 'job'),
        drainTimeoutMs: 1000,
        maxItemsInFlight,
        maxBytesInFlight: 1_000_000,
        outboxLimits: { maxRows, maxBytes: 100_000_000 },
        stateLimits: { maxEntries: 1000, maxBytes: 1_000_000 },
        stores,
      },
      signal: new AbortController().signal,
      abort: fail,
      stop: fail,
      startCall: (lane, slot) => this.calls.push({ lane, slot }),
    };
    this.#run = await (stores === undefined ? openDirectRun(request) : openDurableRun(request, stores));
  }

  /** Ticks and commits until there is nothing more to do at this time, or until the run is halted and what came before that is stored. */
  async settle(now: number): Promise<void> {
    // what a sink tells by a promise is found by the tick behind it
    for (let rounds = 0, quiet = 0; rounds < 1000; rounds += 1) {
      const { more, commit } = await this.turn(now);
      // what was handed over is taken, and told, by promises
      await new Promise((resolve) => setImmediate(resolve));
      for (const lane of this.run.lanes.sources) lane.handleReady();
      if (this.machine.halted !== undefined && this.run.custody.over) return;
      quiet = !more && !commit && this.run.custody.settled ? quiet + 1 : 0;
      if (quiet === 2) return;
    }
    assert.fail('it does not come to rest');
  }

  /** One tick, and the commit that it gives. */
  async turn(now: number): Promise<{ readonly more: boolean; readonly commit: boolean }> {
    const more = this.machine.tick(now);
    const commit = this.run.custody.conclude(now, true, false);
    await commit;
    if (commit !== undefined) this.run.custody.handleCommitted(now);
    return { more, commit: commit !== undefined };
  }

  /** The run ends here, whatever is under way, and the next one has what is durable. */
  async restart(): Promise<void> {
    await this.crash();
    await this.open();
  }

  async crash(): Promise<void> {
    await this.#run?.close();
    await this.#stores.close();
    this.calls.length = 0;
    this.#stores = new MemoryStores(this.#stores);
  }

  async close(): Promise<void> {
    await this.#run?.close();
    await this.#stores.close();
  }

  /** All that is durable. */
  async keys(): Promise<string[]> {
    const store = await new MemoryStores(this.#stores).open('job', 0);
    const keys = [...store.range('!', '~')].map(({ key }) => key);
    await store.close();
    return keys;
  }
}
