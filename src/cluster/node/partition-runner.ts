import { type FailedRun, type ResolvedRestart, wentWell } from '../../engine/job/restart-policy.js';
import type { JobRunOptions } from '../../engine/opening/job-run-options.js';
import type { RunOutcome } from '../../engine/run/job-driver.js';
import { JobRun } from '../../engine/run/job-run.js';
import type { StoppedEarly } from '../../engine/run/stopped-early.js';
import { Tally } from '../../engine/tick/tally.js';
import { MillraceError } from '../../errors/index.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { PartitionSignal } from '../claims/partition-life.js';
import { PartitionRestarts } from './partition-restarts.js';

/** What a runner tells. */
export interface PartitionObserver {
  /** What became of the partition, for the claims. `end` comes last, when nothing of it runs any more. */
  pass(signal: Exclude<PartitionSignal, 'claim'>): void;
  /** Its ports are open. */
  opened(): void;
  /** It ended because it was to; by an error, when it failed meanwhile. `release` or `end` follows. */
  released(error: MillraceError | undefined): void;
  /** It has waited its time for what was in flight. */
  stoppedEarly(early: StoppedEarly): void;
  /** Its sources have ended, and all is delivered. */
  ended(): void;
  /** It failed and will be opened again, with a claim of its own, after that many milliseconds. */
  restarting(error: MillraceError, waitMs: number): void;
  /** The error came from this node's own storage. */
  isLocal(error: MillraceError): boolean;
  /** A run of it went well here. */
  proved(): void;
  /** It failed so often in a row for reasons of this node: others come before it. `end` follows. */
  unfit(error: MillraceError, failures: number): void;
  /** It failed for good, and would on any node. Resolves when all are told so: before, the partition must not be claimed again. */
  failed(error: MillraceError): Promise<void>;
}

/** Runs a partition for as long as its claim is this node's: one run for each claim. */
export class PartitionRunner {
  readonly #options: JobRunOptions;
  readonly #observer: PartitionObserver;
  readonly #restarts: PartitionRestarts;
  /** Of this partition; those of the job are counted by it. */
  readonly #acknowledged: Tally;
  #run: JobRun | undefined;
  #over: Promise<void> = Promise.resolve();
  /** Ends the wait before it is given up to be opened again. */
  #backoff: AbortController | undefined;
  #draining = false;
  #stopped = false;
  /** `ended`: its sources have; elsewhere they would end again, so it stays here, with nothing that runs. `over`: its end was told. */
  #phase: 'over' | 'begun' | 'ended' = 'over';

  constructor(options: JobRunOptions, restart: ResolvedRestart, observer: PartitionObserver) {
    this.#acknowledged = new Tally(options.tallies.acknowledged);
    this.#options = { ...options, tallies: { ...options.tallies, acknowledged: this.#acknowledged } };
    this.#observer = observer;
    this.#restarts = new PartitionRestarts(restart);
  }

  /** Undefined while nothing runs. */
  get run(): JobRun | undefined {
    return this.#run;
  }

  /** Its sources have ended, and it stays: with nothing that runs, or with what others may still ask (an exchange). */
  get hasEnded(): boolean {
    return this.#phase === 'ended' || (this.#run?.atEnd ?? false);
  }

  /** The partition begins. Call when nothing of it runs. */
  open(): void {
    this.#draining = false;
    this.#stopped = false;
    this.#phase = 'begun';
    const run = new JobRun(this.#options);
    this.#run = run;
    this.#over = this.#supervise(run);
  }

  /** It ends in order. */
  drain(): void {
    this.#draining = true;
    if (this.#phase === 'ended') this.#release();
    this.#run?.drain();
    this.#backoff?.abort();
  }

  /** It ends at once: nothing more is written or sent. */
  stop(error: MillraceError): void {
    this.#stopped = true;
    if (this.#phase === 'ended') this.#finish('end');
    this.#run?.stop(error);
    this.#backoff?.abort();
  }

  /** Resolves when nothing of it runs. Never rejects. */
  get over(): Promise<void> {
    return this.#over;
  }

  async #supervise(run: JobRun): Promise<void> {
    const startedMs = performance.now();
    const before = this.#acknowledged.value;
    const ran = (): FailedRun => ({
      ranMs: performance.now() - startedMs,
      progressed: this.#acknowledged.value > before,
    });
    let outcome: RunOutcome;
    try {
      outcome = await run.execute(
        () => this.#observer.opened(),
        () => this.#observer.ended(),
      );
    } catch (error) {
      this.#leave(run);
      return this.#fail(MillraceError.from(error), ran());
    }
    this.#leave(run);
    if (wentWell(ran())) this.#observer.proved();
    if (this.#stopped) this.#finish('end');
    else if (outcome === 'ended' && !this.#draining) this.#end();
    else this.#release(outcome === 'drain-timed-out' ? 'end' : 'release');
  }

  /** What a drain has left is told also where the run was lost meanwhile, or could not be closed. */
  #leave({ stoppedEarly }: JobRun): void {
    this.#run = undefined;
    if (stoppedEarly !== undefined) this.#observer.stoppedEarly(stoppedEarly);
  }

  #end(): void {
    this.#phase = 'ended';
    this.#observer.ended();
  }

  /** `end`: not all was delivered, which is no release in order. */
  #release(signal: 'release' | 'end' = 'release'): void {
    this.#observer.released(undefined);
    this.#finish(signal);
  }

  /** Once for each opening. */
  #finish(signal: 'release' | 'end'): void {
    this.#phase = 'over';
    this.#observer.pass(signal);
  }

  async #fail(error: MillraceError, ran: FailedRun): Promise<void> {
    if (wentWell(ran)) this.#observer.proved();
    // who is stopped has no failure of its own
    if (!this.#stopped && error.code === 'STORE_FENCED') this.#observer.pass('lose');
    else if (!this.#stopped && error.code !== 'ABORTED') await this.#waitOrGiveUp(error, ran);
    this.#finish('end');
  }

  async #waitOrGiveUp(error: MillraceError, ran: FailedRun): Promise<void> {
    const after = this.#restarts.after(error, ran, this.#observer.isLocal(error));
    if (after.type === 'failed') await this.#observer.failed(error);
    else if (after.type === 'unfit') this.#observer.unfit(error, after.failures);
    // what passes is tried again where the partition goes on
    else if (this.#draining) this.#observer.released(error);
    else await this.#wait(error, after.waitMs);
  }

  async #wait(error: MillraceError, waitMs: number): Promise<void> {
    this.#options.tallies.restarts.add();
    this.#observer.pass('fail');
    this.#observer.restarting(error, waitMs);
    const backoff = new AbortController();
    this.#backoff = backoff;
    await abortableWait(waitMs, backoff.signal);
    this.#backoff = undefined;
  }
}
