import { Engine } from '../../../src/engine/engine.js';
import type { Job } from '../../../src/engine/job/job.js';
import type { MillraceError } from '../../../src/errors/index.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import type { SimLife } from './sim-life.js';
import type { SimPlan } from './sim-plan.js';
import { SimStores } from './sim-stores.js';
import type { SimWorld } from './sim-world.js';

/** The real program, as one process of a simulated world. */
export class SimProcess implements SimLife {
  readonly #world: SimWorld;
  readonly #job: Job;
  alive = true;
  running = false;
  /** Why the job has failed for good. */
  failure: MillraceError | undefined;
  completed = false;
  /** Socket writes and commits until it is killed. */
  killAtIo = Number.POSITIVE_INFINITY;
  onKilled: () => void = () => {};
  onFailed: (error: MillraceError) => void = () => {};

  constructor(world: SimWorld, plan: SimPlan, pipeline: Pipeline) {
    this.#world = world;
    world.life = this;
    const stores = new SimStores(world.disk, this, plan.maxCommitBytes);
    // simulated outages are no news to who reads the output of the tests
    const engine = Engine.embedded({ stores, warnings: false });
    this.#job = engine.newJob(pipeline, {
      name: 'job',
      processingGuarantee: plan.guarantee,
      maxOutboxMessages: plan.maxOutboxMessages,
      drainTimeoutMs: 500,
      restart: { maxAttempts: 1000, minBackoffMs: 20, maxBackoffMs: 200 },
      onEvent: (event) => {
        if (event.kind === 'status') this.running = event.status === 'RUNNING';
      },
    });
    this.#job.join().then(
      () => {
        this.completed = true;
      },
      (error: MillraceError) => {
        this.failure = error;
        this.onFailed(error);
      },
    );
  }

  beforeIo(): void {
    this.killAtIo -= 1;
    if (this.killAtIo <= 0) this.kill();
  }

  /** `kill -9`. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.running = false;
    for (const { link } of this.#world.links) link.clientGone();
    this.#world.disk.crash();
    this.onKilled();
  }

  /** SIGTERM. */
  stop(): void {
    void this.#job.drain();
  }
}
