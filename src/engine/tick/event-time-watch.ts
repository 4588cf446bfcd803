import type { DeparturePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { EventTimes } from '../../pipeline/time/event-times.js';
import type { StreamBehind, StreamsBehind } from '../../pipeline/time/streams-behind.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import type { LateTally } from './late-tally.js';
import type { UnitGate } from './unit-gate.js';

export interface EventTimeWatchOptions {
  /** Moved by the items themselves, too. */
  readonly times: EventTimes;
  readonly lanes: TickLanes;
  /** What goes to other partitions by sinks of the lanes. */
  readonly departures: readonly DeparturePlan[];
  /** Nothing is told in the middle of a unit, which may be undone, or of a run that is halted. */
  readonly gate: UnitGate;
  /** The stream of this stage has become idle. */
  readonly onIdle: (stage: string) => void;
  /** Finds the streams that hold others back. */
  readonly behind: StreamsBehind;
  /** This stream does. */
  readonly onBehind: (behind: StreamBehind) => void;
  /** The clock is behind the ingestion timestamps of an earlier run. */
  readonly onSetBack: (stage: string, byMs: number) => void;
  /** How many items were late so far. */
  readonly late: Pick<LateTally, 'of' | 'stages'>;
  /** Told of the first of a stage, and each time they have doubled. */
  readonly onLate: (stage: string, items: number) => void;
}

/** A clock that is set by less is one that is corrected. */
const CORRECTED_MS = 60_000;

/** Moves event time by what no item tells: that none has come for a while, or that none will come. */
export class EventTimeWatch {
  readonly #options: EventTimeWatchOptions;
  /** Whether it has looked. */
  #hasLooked = false;
  /** By stage: how many late items are to be told next. */
  readonly #nextLate = new Map<string, number>();

  constructor(options: EventTimeWatchOptions) {
    this.#options = options;
    for (const stage of options.late.stages) this.#passLate(stage);
  }

  /** After inputs were taken. */
  look(now: number): void {
    const { times, lanes, onIdle, behind, onBehind, late, onLate } = this.#options;
    for (const { done, processing, options } of lanes.sources) {
      if (!done || processing !== undefined) continue;
      for (const watermark of options.watermarks) watermark.end();
    }
    if (!this.#hasLooked) this.#lookAtClock(now);
    for (const stage of times.look(now)) onIdle(stage);
    for (const stream of behind.look(now)) onBehind(stream);
    for (const stage of late.stages) {
      if (late.of(stage) < (this.#nextLate.get(stage) ?? 1)) continue;
      onLate(stage, late.of(stage));
      this.#passLate(stage);
    }
    this.#tell();
  }

  /** Once: the time of a run does not go back. */
  #lookAtClock(now: number): void {
    const { times, onSetBack } = this.#options;
    this.#hasLooked = true;
    for (const { stage, byMs } of times.aheadOf(now)) if (byMs > CORRECTED_MS) onSetBack(stage, byMs);
  }

  #passLate(stage: string): void {
    let next = 1;
    while (next <= this.#options.late.of(stage)) next *= 2;
    this.#nextLate.set(stage, next);
  }

  /** Behind all that has gone so far. */
  #tell(): void {
    const { lanes, departures, gate } = this.#options;
    if (gate.midUnit || gate.halted !== undefined) return;
    for (const { departure, sink, routedTimes } of departures) {
      const time = departure.take();
      if (time !== undefined) lanes.sinks[sink]?.enqueue(routedTimes(time), undefined);
    }
  }

  /** When `look` may find something, whatever comes; Infinity for never. */
  get deadline(): number {
    return this.#options.gate.halted === undefined ? this.#options.times.deadline() : Number.POSITIVE_INFINITY;
  }
}
