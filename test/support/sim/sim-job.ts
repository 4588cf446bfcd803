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
  readonly #number: number;
  readonly #job: Job;
  /** What is to happen to it when it goes on; undefined while it does not stand still. */
  #waiting: (() => void)[] | undefined;
  alive = true;
  running = false;
  /** Why the job has failed for good. */
  failure: MillraceError | undefined;
  completed = false;
  /** Socket writes and commits until it is killed. */
  killAtIo = Number.POSITIVE_INFINITY;
  onKilled: () => void = () => {};
  onFailed: (error: MillraceError) => void = () => {};

  /** @param number ascends over the processes of a world */
  constructor(world: SimWorld, plan: SimPlan, pipeline: Pipeline, number: number) {
    this.#world = world;
    this.#number = number;
    world.life = this;
    const owner = { life: this, number, fenceable: plan.fenceable };
    const stores = new SimStores(world.disk, owner, plan.maxCommitBytes);
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

  enter(run: () => void): void {
    if (!this.alive) return;
    if (this.#waiting !== undefined) {
      this.#waiting.push(run);
      return;
    }
    this.#world.life = this;
    run();
  }

  /** SIGSTOP. */
  pause(): void {
    this.#waiting ??= [];
  }

  /** SIGCONT. */
  goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const run of waiting) this.#world.clock.after(0, () => this.enter(run), this);
  }

  /** It has ended by itself. */
  end(): void {
    this.alive = false;
    this.running = false;
    for (const { link, life } of this.#world.links) if (life === this) link.clientGone();
  }

  /** `kill -9`. */
  kill(): void {
    if (!this.alive) return;
    this.end();
    const { disk } = this.#world;
    if (disk.owner <= this.#number) disk.crash();
    this.onKilled();
  }

  /** SIGTERM. */
  stop(): void {
    void this.#job.drain();
  }
}
