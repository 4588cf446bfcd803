import { openDurableRun } from '../../../src/engine/durable/open-run.js';
import { createTallies } from '../../../src/engine/tick/job-tallies.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import type { Pipeline } from '../../../src/pipeline/index.js';
import { MemoryStores, type Store, type StoreProvider } from '../../../src/store/index.js';

/** What a run of the job is given. */
export interface CrashingJobOptions {
  /** A new one for each run: its ports are of the run. */
  readonly pipelineOf: () => Pipeline;
  readonly maxItemsInFlight: number;
  /** States in memory that the store has as well. */
  readonly maxEntries: number;
}

type Run = Awaited<ReturnType<typeof openDurableRun>>;

/** A durable job that no driver drives, whose process may be gone at any moment: only what the store has is left. */
export class CrashingJob {
  readonly #options: CrashingJobOptions;
  #stores = new MemoryStores();
  #store: Store | undefined;
  #run: Run | undefined;
  #now = 0;
  readonly #tallies = createTallies(new MetricsRegistry(), 'windows');

  constructor(options: CrashingJobOptions) {
    this.#options = options;
  }

  /** Whether all that the sources have has led to all that it leads to. */
  get finished(): boolean {
    return this.#run?.machine.finished === true && this.#run.custody.settled && this.#run.machine.quiet;
  }

  /** Of all runs, those that a crash has undone too. */
  get late(): number {
    return this.#tallies.late.value;
  }

  async start(): Promise<void> {
    const stores: StoreProvider = {
      location: this.#stores.location,
      open: async (job, partition) => {
        this.#store = await this.#stores.open(job, partition);
        return this.#store;
      },
      close: () => this.#stores.close(),
    };
    const { pipelineOf, maxItemsInFlight, maxEntries } = this.#options;
    const fail = (error: Error): never => {
      throw error;
    };
    this.#run = await openDurableRun(
      {
        options: {
          graph: pipelineOf().toGraph(),
          job: 'windows',
          partition: 0,
          partitions: 1,
          giveUp: [],
          dropState: [],
          initialSnapshot: undefined,
          guarantee: 'exactly-once',
          metrics: new MetricsRegistry(),
          tallies: this.#tallies,
          drainTimeoutMs: 1000,
          maxItemsInFlight,
          maxBytesInFlight: 1_000_000,
          outboxLimits: { maxRows: 1000, maxBytes: 1_000_000 },
          stateLimits: { maxEntries, maxBytes: 1_000_000 },
          stores,
        },
        signal: new AbortController().signal,
        abort: fail,
        stop: fail,
        startCall: () => {},
      },
      stores,
    );
  }

  /** One round of the engine, and a commit of what it led to; `crash` says where in it the process is gone. */
  async round(crash?: 'before the commit' | 'behind the commit'): Promise<void> {
    const run = this.#run;
    if (run === undefined || this.#store === undefined) throw new Error('the job does not run');
    this.#now += 1;
    for (const lane of run.lanes.sources) lane.handleReady();
    run.machine.tick(this.#now);
    const { tick } = run.custody;
    const batch = tick.seal(this.#now, true);
    if (crash === 'before the commit') return this.#crash();
    if (batch !== undefined) await this.#store.commit(batch);
    if (crash === 'behind the commit') return this.#crash();
    if (batch !== undefined) tick.handleCommitted(this.#now);
  }

  async end(): Promise<void> {
    await this.#run?.close();
    this.#run = undefined;
  }

  /** What was not committed is gone. */
  async #crash(): Promise<void> {
    await this.end();
    this.#stores = new MemoryStores(this.#stores);
    await this.start();
  }
}
