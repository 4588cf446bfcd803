import { setMaxListeners } from 'node:events';
import { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import { openDirectRun } from '../direct/open-run.js';
import { openDurableRun } from '../durable/open-run.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import type { RunParts, RunRequest } from '../opening/run-parts.js';
import { type InFlight, NOTHING_IN_FLIGHT } from '../tick/in-flight.js';
import { NOTHING_STORED, type StoredMessages } from '../tick/stored-messages.js';
import { JobDriver, type RunOutcome } from './job-driver.js';
import { StageCalls } from './stage-calls.js';
import type { StoppedEarly } from './stopped-early.js';
import type { ClockWatcher } from './wall-clock.js';

/** One run of a job, from opening its ports to closing them. A restarted job is a new run. */
export class JobRun {
  readonly #options: JobRunOptions;
  readonly #abort = new AbortController();
  /** Undefined while the run is opened: what is asked until then is noted below, and ends the opening. */
  #driver: JobDriver | undefined;
  /** Set with the driver. It is kept when the run is over: its figures are read once more then. */
  #parts: RunParts | undefined;
  /** Whether an opening that fails was told to give up: then that is no failure. */
  #drainAsked = false;
  /** The first reason of a `stop`; whatever else fails because of it is none (E1). */
  #stopped: MillraceError | undefined;
  /** As it was when the time of a drain was over: what is closed then settles for nobody. */
  #stoppedEarly: StoppedEarly | undefined;

  constructor(options: JobRunOptions) {
    this.#options = options;
    // each source and sink listens to it, and a job may have more of them than Node takes for a leak
    setMaxListeners(0, this.#abort.signal);
  }

  get inFlight(): InFlight {
    return this.#parts?.machine ?? NOTHING_IN_FLIGHT;
  }

  /** What the outboxes have. */
  get stored(): StoredMessages {
    return this.#parts?.custody.stored ?? NOTHING_STORED;
  }

  /** Its sources have ended, as far as they know, and all is delivered; it stays open, since one of them may go on. */
  get atEnd(): boolean {
    return this.#driver?.atEnd ?? false;
  }

  /** Set when a drain has waited its time in vain, whatever becomes of the run while its ports close. */
  get stoppedEarly(): StoppedEarly | undefined {
    return this.#stoppedEarly;
  }

  /**
   * Opens, runs and closes. Rejects with the MillraceError that failed the run. Call once.
   * @param onEnd `atEnd` has become true
   */
  async execute(onOpen: (parts: RunParts) => void, onEnd: () => void = () => {}): Promise<RunOutcome> {
    const parts = await this.#open();
    // nothing was taken, so there is nothing to wait for
    if (parts === undefined) return 'drained';
    let outcome: RunOutcome;
    try {
      const driver = this.#drive(parts, onEnd);
      // ports that do not listen to the signal may have opened all the same
      if (this.#stopped !== undefined) throw this.#stopped;
      onOpen(parts);
      outcome = await driver.run();
      if (outcome === 'drain-timed-out') this.#stoppedEarly = this.#earlyEnd(parts);
    } catch (error) {
      // what its end fails with is no news beside it
      await this.#close(parts).catch(() => {});
      throw MillraceError.from(error);
    }
    await this.#close(parts);
    return outcome;
  }

  /** Rejects where the store says that what was taken for stored is not (rule 4 of `Store`). */
  async #close(parts: RunParts): Promise<void> {
    // before the ports are closed: calls of mapAsync are told to end, and what they still give is taken by nobody
    this.#abort.abort(new MillraceError('ABORTED', `job "${this.#options.job}" has stopped`));
    await parts.close();
  }

  /** Stops gracefully: polls no more and waits for what is in flight. While still opening, gives up opening. */
  drain(): void {
    this.#drainAsked = true;
    if (this.#driver === undefined) this.#abort.abort(new MillraceError('ABORTED', 'stopped while opening'));
    else this.#driver.drain();
  }

  /** Stops at once; `execute` rejects with this error. */
  stop(error: MillraceError): void {
    this.#stopped ??= error;
    this.#abort.abort(error);
    this.#driver?.stop(error);
  }

  /** Chooses the custody: who has a store is asked nowhere else. Undefined when a drain was asked for meanwhile. */
  async #open(): Promise<RunParts | undefined> {
    const { stores } = this.#options;
    const request: RunRequest = {
      options: this.#options,
      signal: this.#abort.signal,
      abort: (error) => this.#abort.abort(error),
      stop: (error) => this.stop(error),
      startCall: (lane, slot) => this.#driver?.call(lane, slot),
    };
    try {
      return await (stores === undefined ? openDirectRun(request) : openDurableRun(request, stores));
    } catch (error) {
      if (this.#stopped !== undefined) throw this.#stopped;
      if (this.#drainAsked) return undefined;
      throw MillraceError.from(error);
    }
  }

  #earlyEnd(parts: RunParts): StoppedEarly {
    const { inFlightItems } = parts.machine;
    return { afterMs: this.#options.drainTimeoutMs, inFlight: inFlightItems, unfinished: this.#inTheWay(parts) };
  }

  /** With a store a drain waits for no call, and for no delivery: it has them. */
  #inTheWay({ lanes: { asyncStages, sinks } }: RunParts): readonly string[] {
    const isStored = this.#options.stores !== undefined;
    const stages = asyncStages.filter(({ idle }) => !isStored && !idle).map(({ plan }) => `stage "${plan.name}"`);
    const waiting = sinks.filter((sink) => (isStored ? sink.waiting > 0 : !sink.quiet));
    return [...stages, ...waiting.map(({ name }) => `sink "${name}"`)];
  }

  #drive(parts: RunParts, onEnd: () => void): JobDriver {
    const { job, metrics, drainTimeoutMs } = this.#options;
    const calls = new StageCalls({ job, metrics, signal: this.#abort.signal });
    const clockWatcher: ClockWatcher = {
      onSetBack: (byMs) => publishDiagnostic('clock-set-back', { job, byMs, stage: undefined }),
      onSetAhead: (byMs) => publishDiagnostic('clock-set-ahead', { job, byMs }),
    };
    const driver = new JobDriver({ ...parts, calls, drainTimeoutMs, onEnd, clockWatcher });
    this.#parts = parts;
    this.#driver = driver;
    // it may have come after the last port was open
    if (this.#drainAsked) driver.drain();
    return driver;
  }
}
