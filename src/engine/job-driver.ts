import { MillraceError } from '../errors/millrace-error.js';
import { WakeUpLatch } from '../internal/wake-up-latch.js';
import type { AsyncLane, Slot } from './async-lane.js';
import type { SinkLane } from './sink-lane.js';
import type { SourceLane } from './source-lane.js';
import type { TickMachine } from './tick-machine.js';

/** How a run ended without a failure. */
export type RunOutcome = 'ended' | 'drained' | 'drain-timed-out';

export interface JobDriverOptions {
  readonly machine: TickMachine;
  readonly sources: readonly SourceLane[];
  readonly sinks: readonly SinkLane[];
  /** How long what is in flight may take to be delivered once polling has stopped. */
  readonly drainTimeoutMs: number;
}

/** The loop gives way to sockets and timers after so long. */
const SLICE_MS = 5;

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Drives a tick machine: sleeps until a source, a sink or a mapAsync call has something to say, ticks, and tells the sources
 * what holds. It keeps at most one `ready` promise of each port, and no timer but that of a drain.
 */
export class JobDriver {
  readonly #machine: TickMachine;
  readonly #sources: readonly SourceLane[];
  readonly #sinks: readonly SinkLane[];
  readonly #latch = new WakeUpLatch();
  readonly #waitingFor = new Set<SourceLane | SinkLane>();
  #stopped: MillraceError | undefined;
  readonly #drainTimeoutMs: number;
  #drainTimer: NodeJS.Timeout | undefined;
  #drainTimedOut = false;
  #sliceStartMs = 0;

  constructor(options: JobDriverOptions) {
    this.#machine = options.machine;
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
    }
  }

  /** Stops polling and ends the run when everything in flight is delivered and acknowledged, or after the drain timeout. */
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
  call(lane: AsyncLane, slot: Slot, signal: AbortSignal): void {
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
      this.#acknowledge();
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
      if (machine.quiet || this.#drainTimedOut) throw machine.halted;
      this.drain();
      return undefined;
    }
    if (machine.finished) return 'ended';
    if (this.#drainTimer === undefined) return undefined;
    if (machine.idle) return 'drained';
    return this.#drainTimedOut ? 'drain-timed-out' : undefined;
  }

  #acknowledge(): void {
    try {
      for (const { lane, mark } of this.#machine.takeMarks()) lane.options.reader.committed(mark);
    } catch (error) {
      this.#machine.halt(MillraceError.from(error));
    }
  }

  /** Asks each port once for its next `ready`; a source only after a poll that gave nothing, since before that it is ready. */
  #arm(): void {
    for (const lane of this.#sources) {
      if (lane.mayHaveItems || lane.done || this.#waitingFor.has(lane)) continue;
      this.#ask(lane, lane.options.reader.ready(), {
        onReady: () => lane.handleReady(),
        onFailed: (error) => this.#machine.halt(error),
      });
    }
    for (const lane of this.#sinks) {
      if (this.#waitingFor.has(lane)) continue;
      this.#ask(lane, lane.writer.ready(), {
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
    lane: SourceLane | SinkLane,
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
