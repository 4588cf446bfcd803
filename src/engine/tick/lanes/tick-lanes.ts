import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { FailedItem } from '../../../connector/letter-of-item.js';
import { present } from '../../../internal/present.js';
import type { Fragment } from '../../../pipeline/compile/fragment/fragment.js';
import type { Downstream } from '../../../pipeline/compile/pipeline-plan.js';
import type { InFlight } from '../in-flight.js';
import type { JobTallies } from '../job-tallies.js';
import type { UnitGate } from '../unit-gate.js';
import type { CallLane } from './call-lane.js';
import type { Frame } from './frame.js';
import type { OutputLane } from './output-lane.js';
import type { RefusedOutput } from './refused-output.js';
import type { RejectionPolicy } from './rejection-policy.js';
import type { SourceLane } from './source-lane.js';
import type { TimerLane } from './timer-lane.js';

export interface TickLanesOptions {
  /** One for each source, in the order of the plan. */
  readonly sources: readonly SourceLane[];
  /** One for each mapAsync stage, in the order of the plan. */
  readonly asyncStages: readonly CallLane[];
  /** One for each stage with timers, in the order of the plan. */
  readonly timedStages: readonly TimerLane[];
  /** The sinks of the pipeline and behind them the dead-letter sinks. */
  readonly sinks: readonly OutputLane[];
  /** How many outputs may wait behind a source or stage. */
  readonly maxItemsInFlight: number;
  /** By the id of a stage, of those that give items up. */
  readonly stageRejections: ReadonlyMap<number, RejectionPolicy>;
  /** Makes the letter of an item that a stage gave up. */
  readonly letterOf: (failed: FailedItem) => DeadLetter;
  /** Count what is skipped, dead letters, and late items. */
  readonly tallies: JobTallies;
  /** Spoilt by a rejected item that fails the job. */
  readonly gate: UnitGate;
}

const SINK = 'a plan names only sinks that have a lane';
const STAGE = 'a plan names only mapAsync stages that have a lane';
const REJECTS = 'a stage that gives an item up has said where it goes';

/** All lanes of a run: leads items from one to the next, and says what room there is behind them. */
export class TickLanes implements InFlight {
  readonly sources: readonly SourceLane[];
  readonly asyncStages: readonly CallLane[];
  readonly timedStages: readonly TimerLane[];
  readonly sinks: readonly OutputLane[];
  readonly #options: TickLanesOptions;

  constructor(options: TickLanesOptions) {
    this.sources = options.sources;
    this.asyncStages = options.asyncStages;
    this.timedStages = options.timedStages;
    this.sinks = options.sinks;
    this.#options = options;
  }

  /** Whether every input that was taken is complete, and every timer that has fired. */
  get idle(): boolean {
    return this.sources.every((lane) => lane.idle) && this.timedStages.every((lane) => lane.idle);
  }

  /**
   * Whether all sources have ended and all is complete, what timers are set for too; a source that is at its end without being done may go on
   * all the same.
   */
  get finished(): boolean {
    return this.#finished(() => true);
  }

  /** Whether no source can go on. */
  get done(): boolean {
    return this.sources.every((lane) => lane.done);
  }

  /** The same as `finished` of what leads to a sink. */
  finishedBefore(sink: number): boolean {
    return this.#finished(({ sinks }) => sinks.includes(sink));
  }

  #finished(counts: (downstream: Downstream) => boolean): boolean {
    return (
      this.sources.every((lane) => !counts(lane.options.downstream) || (lane.ended && lane.idle)) &&
      this.asyncStages.every((lane) => !counts(lane.plan.downstream) || lane.idle) &&
      this.timedStages.every((lane) => !counts(lane.plan.downstream) || lane.finished)
    );
  }

  /** Whether the sinks have delivered everything they were given. */
  get quiet(): boolean {
    return this.sinks.every((lane) => lane.quiet);
  }

  get inFlightItems(): number {
    return this.sources.reduce((sum, lane) => sum + lane.inFlightItems, 0);
  }

  get inFlightBytes(): number {
    return this.sources.reduce((sum, lane) => sum + lane.inFlightBytes, 0);
  }

  get waitingItems(): number {
    return [...this.sinks, ...this.asyncStages].reduce((sum, lane) => sum + lane.waiting, 0);
  }

  /** Moves what a run has left in the outlets to the lanes, which hold the frame from then on. */
  dispatch(fragment: Fragment, frame: Frame, originOf: (index: number) => number): void {
    for (const stage of fragment.takeLate()) this.#options.tallies.late.addOf(stage);
    for (const outlet of fragment.outlets) {
      const { target, items, origins, times } = outlet;
      if (items.length === 0) continue;
      outlet.items = [];
      outlet.origins = [];
      if (times.length > 0) outlet.times = [];
      if (target.kind === 'sink') this.#sink(target.index).enqueue(items, frame);
      else this.#stage(target.index).enqueue({ items, origins: origins.map(originOf), times, frame });
    }
  }

  /** Takes what the destinations have confirmed, and refused. */
  takeProgress(): void {
    for (const lane of this.sinks) {
      lane.takeProgress((letter, frame) => this.reject(lane.rejection, letter, frame));
    }
  }

  /**
   * Hands over what the sinks take. A letter may have its own letter, for a sink that was asked before: then once more.
   * @throws what a sink throws
   */
  write(): void {
    for (let rounds = this.sinks.length; rounds > 0; rounds -= 1) {
      let letters = 0;
      for (const lane of this.sinks) {
        lane.write((letter, frame) => {
          letters += 1;
          this.reject(lane.rejection, letter, frame);
        });
      }
      if (letters === 0) return;
    }
  }

  /** What was handed over goes out. */
  flush(): void {
    for (const lane of this.sinks) lane.flush();
  }

  /** An item is given up. A frame of which an item failed the job is held for ever. */
  reject(rejection: RejectionPolicy, letter: DeadLetter, frame: Frame | undefined): void {
    switch (rejection.kind) {
      case 'fail':
        if (frame !== undefined) frame.holds += 1;
        this.#options.gate.spoil(letter.error);
        break;
      case 'skip':
        this.#options.tallies.skipped.add();
        break;
      case 'deadLetter':
        this.#options.tallies.deadLettered.add();
        this.#sink(rejection.sink).enqueue([letter], frame);
        break;
    }
  }

  /** Whether a stage gives up the items that it fails at. */
  rejects(vertex: number): boolean {
    return this.#options.stageRejections.has(vertex);
  }

  /** A stage has failed at an item, which it gives up: what came of its input is gone already. */
  rejectItem(vertex: number, failed: FailedItem, frame: Frame): void {
    const rejection = present(this.#options.stageRejections.get(vertex), REJECTS);
    if (rejection.kind === 'skip') this.#options.tallies.skipped.add();
    else this.reject(rejection, this.#options.letterOf(failed), frame);
  }

  /** What an outbox was refused by its destination goes where the sink says, before this returns. */
  rejectStored(refused: readonly RefusedOutput[]): void {
    for (const { rejection, letter } of refused) this.reject(rejection, letter, undefined);
    this.write();
  }

  /** How many more outputs may wait in the lanes behind a source or stage. */
  outputRoom(downstream: Downstream): number {
    let room = this.#options.maxItemsInFlight - this.waiting(downstream);
    for (const index of downstream.sinks) room = Math.min(room, this.#sink(index).room);
    return room;
  }

  /** Bytes behind a source or stage that are counted nowhere else. */
  heldBytes({ asyncStages }: Downstream): number {
    return asyncStages.reduce((sum, index) => sum + this.#stage(index).heldBytes, 0);
  }

  /** Items that wait in the lanes behind a source or stage. */
  waiting({ sinks, asyncStages }: Downstream): number {
    let waiting = 0;
    for (const index of sinks) waiting += this.#sink(index).waiting;
    for (const index of asyncStages) waiting += this.#stage(index).waiting;
    return waiting;
  }

  #sink(index: number): OutputLane {
    return present(this.sinks[index], SINK);
  }

  #stage(index: number): CallLane {
    return present(this.asyncStages[index], STAGE);
  }
}
