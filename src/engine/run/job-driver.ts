import { MillraceError } from '../../errors/millrace-error.js';
import { DeadlineTimer } from '../../internal/deadline-timer.js';
import { WakeUpLatch } from '../../internal/wake-up-latch.js';
import type { StoreBatch } from '../../store/store.js';
import type { DurableTick } from '../durable/durable-tick.js';
import type { CallLane } from '../tick/call-lane.js';
import type { OutputLane } from '../tick/output-lane.js';
import type { Slot } from '../tick/slot.js';
import type { SourceLane } from '../tick/source-lane.js';
import type { TickMachine } from '../tick/tick-machine.js';

/** How a run ended without a failure. */
export type RunOutcome = 'ended' | 'drained' | 'drain-timed-out';

/** What makes a driver's job durable. */
export interface DurableDrive {
  readonly tick: DurableTick;
  commit(batch: StoreBatch): Promise<void>;
}

export interface JobDriverOptions {
  readonly machine: TickMachine;
  /** Absent in a job without a store. */
  readonly durable?: DurableDrive | undefined;
  readonly sources: readonly SourceLane[];
  readonly sinks: readonly OutputLane[];
  /** How long what is in flight may take to be delivered once polling has stopped. */
  readonly drainTimeoutMs: number;
}

/** The loop gives way to sockets and timers after so long. */
const SLICE_MS = 5;

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Drives a tick machine: sleeps until a source, a sink, a mapAsync call or a commit has something to say, ticks, and tells the
 * sources what holds, or commits. It keeps at most one `ready` promise of each port, and no timer but that of a drain and that of
 * completions which wait for their commit.
 */
export class JobDriver {
  readonly #machine: TickMachine;
  readonly #durable: DurableDrive | undefined;
  readonly #commitTimer = new DeadlineTimer(() => this.#latch.wake());
  readonly #sources: readonly SourceLane[];
  readonly #sinks: readonly OutputLane[];
  readonly #latch = new WakeUpLatch();
  readonly #dirtyAsked = new Set<SourceLane>();
  readonly #waitingFor = new Set<SourceLane | OutputLane>();
  #stopped: MillraceError | undefined;
  readonly #drainTimeoutMs: number;
  #drainTimer: NodeJS.Timeout | undefined;
  #drainTimedOut = false;
  #sliceStartMs = 0;

  constructor(options: JobDriverOptions) {
    this.#machine = options.machine;
    this.#durable = options.durable;
    this.#sources = options.sources;
    this.#sinks = options.sinks;
    this.#drainTimeoutMs = options.drainTimeoutMs;
  }

  /** Runs until the sources end, a drain is over, or the job fails: then it rejects. Call once. */
  async run(): Promise<RunOutcome> {
    this.#sliceStartMs = performance.now();
    for (const lane of this.#sources) this.#watch(lane);
    try {
      return await this.#loop();
    } catch (error) {
      // a sink may fail while what was written before a failure is drained: the first failure is the reason
      throw this.#stopped ?? this.#machine.halted ?? error;
    } finally {
      clearTimeout(this.#drainTimer);
      this.#commitTimer.stop();
    }
  }

  /**
   * Stops polling and ends the run when everything in flight is delivered and acknowledged, or after the drain timeout. In a
   * durable job it need not be delivered: it is in the outbox.
   */
  drain(): void {
    if (this.#drainTimer !== undefined) return;
    this.#machine.stopPolling();
    this.#drainTimer = setTimeout(() => {
      this.#drainTimedOut = true;
      this.#latch.wake();
    }, this.#drainTimeoutMs);
    this.#latch.wake();
  }

  /** Ends the run at once with this error. */
  stop(error: MillraceError): void {
    this.#stopped ??= error;
    this.#latch.wake();
  }

  /** Makes a mapAsync call for the machine. */
  call(lane: CallLane, slot: Slot, signal: AbortSignal): void {
    const settle = (settled: Slot['settled']): void => {
      slot.settled = settled;
      this.#latch.wake();
    };
    invoke(() => lane.plan.call(slot.item, signal)).then(
      (value) => settle({ kind: 'value', value }),
      (cause: unknown) => settle({ kind: 'error', cause }),
    );
  }

  async #loop(): Promise<RunOutcome> {
    for (;;) {
      const more = this.#machine.tick();
      if (this.#durable === undefined) this.#acknowledge();
      else this.#commit(this.#durable);
      this.#arm();
      const outcome = this.#outcome();
      if (outcome !== undefined) return outcome;
      await this.#giveWay();
      if (!more) await this.#latch.wait();
      if (this.#stopped !== undefined) throw this.#stopped;
    }
  }

  #outcome(): RunOutcome | undefined {
    const machine = this.#machine;
    if (machine.halted !== undefined) {
      if (this.#over || this.#drainTimedOut) throw machine.halted;
      this.drain();
      return undefined;
    }
    if (machine.finished && this.#settled && (this.#durable === undefined || machine.quiet)) return 'ended';
    if (this.#drainTimer === undefined) return undefined;
    if (machine.idle && this.#covered) return 'drained';
    return this.#drainTimedOut ? 'drain-timed-out' : undefined;
  }

  /** Nothing waits for a commit. */
  get #settled(): boolean {
    return this.#durable === undefined || this.#durable.tick.settled;
  }

  /** No input waits for a commit: what the outboxes have is there at the next start. */
  get #covered(): boolean {
    return this.#durable === undefined || this.#durable.tick.covered;
  }

  /** Whether a halted run has nothing left to bring to an end. */
  get #over(): boolean {
    if (this.#durable === undefined) return this.#machine.quiet;
    return this.#machine.spoilt || (!this.#machine.midUnit && this.#covered);
  }

  #commit({ tick, commit }: DurableDrive): void {
    const ending = this.#machine.finished || this.#drainTimer !== undefined;
    // what a part cannot store ends the run here, with nothing of the tick stored
    const batch = tick.seal(performance.now(), ending);
    this.#commitTimer.set(tick.deadline());
    if (batch === undefined) return;
    commit(batch).then(
      () => this.#handleCommitted(tick),
      (error: unknown) => this.stop(MillraceError.from(error, 'STORAGE_FAILED', 'the commit of a tick')),
    );
  }

  #handleCommitted(tick: DurableTick): void {
    if (this.#stopped !== undefined) return;
    try {
      tick.handleCommitted();
    } catch (error) {
      this.#machine.halt(MillraceError.from(error));
    }
    this.#latch.wake();
  }

  #acknowledge(): void {
    try {
      for (const { lane, mark } of this.#machine.takeMarks()) lane.options.reader.committed(mark);
    } catch (error) {
      this.#machine.halt(MillraceError.from(error));
    }
  }

  /** What only a commit lets the source answer must not wait until it can be polled again. */
  #armDirty(lane: SourceLane): void {
    const { reader } = lane.options;
    if (reader.whenDirty === undefined || reader.dirty === true || this.#dirtyAsked.has(lane)) return;
    this.#dirtyAsked.add(lane);
    reader.whenDirty().then(
      () => {
        this.#dirtyAsked.delete(lane);
        this.#latch.wake();
      },
      () => {},
    );
  }

  /** Asks each port once for its next `ready`; a source only after a poll that gave nothing, since before that it is ready. */
  #arm(): void {
    for (const lane of this.#sources) {
      if (this.#durable !== undefined) this.#armDirty(lane);
      if (lane.mayHaveItems || lane.done || this.#waitingFor.has(lane)) continue;
      this.#ask(lane, lane.options.reader.ready(), {
        onReady: () => lane.handleReady(),
        onFailed: (error) => this.#machine.halt(error),
      });
    }
    for (const lane of this.#sinks) {
      if (this.#waitingFor.has(lane)) continue;
      this.#ask(lane, lane.ready(), {
        onReady: () => {},
        onFailed: (error) => this.stop(this.#machine.halted ?? error),
      });
    }
  }

  /** A source that cannot be polled because of back-pressure must be able to fail the job as well. */
  #watch(lane: SourceLane): void {
    void lane.options.reader.failed?.then((error) => {
      this.#machine.halt(error);
      this.#latch.wake();
    });
  }

  #ask(
    lane: SourceLane | OutputLane,
    ready: Promise<void>,
    on: { readonly onReady: () => void; readonly onFailed: (error: MillraceError) => void },
  ): void {
    this.#waitingFor.add(lane);
    ready.then(
      () => {
        this.#waitingFor.delete(lane);
        on.onReady();
        this.#latch.wake();
      },
      (error: unknown) => {
        on.onFailed(MillraceError.from(error));
        this.#latch.wake();
      },
    );
  }

  async #giveWay(): Promise<void> {
    if (performance.now() - this.#sliceStartMs < SLICE_MS) return;
    await immediate();
    this.#sliceStartMs = performance.now();
  }
}

const invoke = async (call: () => unknown): Promise<unknown> => call();
