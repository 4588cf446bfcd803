import type { AggregateOperation } from '../../src/pipeline/aggregates/aggregate-operation.js';
import { inPlaceOf } from '../../src/pipeline/codec/in-place.js';
import { StateCodecs } from '../../src/pipeline/codec/state-codecs.js';
import type { StateCodec } from '../../src/pipeline/state-codec.js';
import type { ClockKind } from '../../src/pipeline/timers/stage-clock.js';
import { Accumulators } from '../../src/pipeline/windows/accumulators.js';
import { createWindowLogic } from '../../src/pipeline/windows/create-window-logic.js';
import { windowCodec } from '../../src/pipeline/windows/window-codec.js';
import type { WindowDefinition } from '../../src/pipeline/windows/window-definition.js';
import type { EarlyTimers, WindowTimers } from '../../src/pipeline/windows/window-logic.js';
import type { WindowResult } from '../../src/pipeline/windows/window-result.js';
import { emptyState, type WindowState } from '../../src/pipeline/windows/window-state.js';

/** A result, and whose it is. */
export interface TestedResult extends WindowResult<unknown> {
  readonly key: string;
}

interface SetTimer {
  readonly clock: ClockKind;
  readonly key: string;
  readonly name: string;
  readonly at: number;
}

/** As a store does: in place where that is possible. */
const encodedOnce = (encode: StateCodec<unknown>['encode'], state: unknown): Uint8Array => {
  const inPlace = inPlaceOf({ version: 0, encode, decode: () => undefined });
  const length = inPlace?.write(state) ?? 0;
  return inPlace !== undefined && length > 0 ? inPlace.bytes.slice(0, length) : encode(state);
};

/** Small enough that some panes are as large together. */
const PART_BYTES = 30;

/** The logic of windows with timers in a list, as an engine would call it. */
export class WindowsRig {
  readonly results: TestedResult[] = [];
  /** Calls that changed a timer. */
  timersSet = 0;
  readonly #logic;
  readonly #codec;
  readonly #states = new Map<string, WindowState>();
  /** The parts that are stored, by key and number. */
  readonly #parts = new Map<string, Map<number, Uint8Array>>();
  #restarts = 0;
  #timers: SetTimer[] = [];
  readonly #now = { event: Number.NEGATIVE_INFINITY, processing: 0 };

  /** @param codec of the accumulators */
  constructor(
    definition: WindowDefinition,
    operation: AggregateOperation<never, unknown, unknown>,
    codec: StateCodec<unknown> = StateCodecs.structuredClone(),
  ) {
    this.#logic = createWindowLogic(definition, new Accumulators(operation, codec));
    this.#codec = windowCodec(definition.shape, codec, PART_BYTES);
  }

  /** The watermark. */
  get now(): number {
    return this.#now.event;
  }

  /** The time of the machine. */
  get machine(): number {
    return this.#now.processing;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  get keys(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** False: it is late. */
  take(key: string, timestamp: number, item: unknown): boolean {
    const state = this.#stateOf(key);
    const taken = this.#logic.accept(state, timestamp, item, this.#timersOf(key));
    if (state.panes.length > 0) this.#states.set(key, state);
    return taken;
  }

  /** The watermark moves, and some of what is due is called: all where `most` is not given. */
  advanceTo(watermark: number, most = Number.POSITIVE_INFINITY): void {
    this.#now.event = Math.max(this.#now.event, watermark);
    this.#fire('event', most);
  }

  /** The clock of the machine goes on, and early results that are due are told. */
  passTo(machine: number, most = Number.POSITIVE_INFINITY): void {
    this.#now.processing = machine;
    this.#fire('processing', most);
  }

  #fire(clock: ClockKind, most: number): void {
    for (let left = most; left > 0; left -= 1) {
      const due = this.#takeDue(clock);
      if (due === undefined) return;
      const state = this.#stateOf(due.key);
      for (const result of this.#logic.onTimer(state, due, this.#timersOf(due.key)))
        this.results.push({ ...result, key: due.key });
      if (state.panes.length === 0) this.#states.delete(due.key);
    }
  }

  /** What is due first is given up. */
  giveUp(clock: ClockKind = 'event'): void {
    const due = this.#takeDue(clock);
    if (due === undefined) return;
    // what its own try has left is undone
    this.restart(due.key);
    this.#logic.giveUp(this.#stateOf(due.key), due, this.#timersOf(due.key));
    if (this.#stateOf(due.key).panes.length === 0) this.#states.delete(due.key);
  }

  /** The state is read anew from its bytes, those of a copy now and then; it may be stored before, and be gone on with. */
  restart(key: string): void {
    const state = this.#states.get(key);
    if (state === undefined) return;
    this.#restarts += 1;
    const copied = this.#codec.parts === undefined || this.#restarts % 3 === 0;
    this.#states.set(key, copied ? this.#codec.decode(this.#codec.encode(state)) : this.#stored(key, state));
  }

  #stored(key: string, state: WindowState): WindowState {
    const { parts } = this.#codec;
    if (parts === undefined) throw new Error('it has no parts');
    const bytes = encodedOnce(parts.encodeRest, state);
    const { first, end } = parts.rangeOf(state);
    const before = this.#parts.get(key);
    const after = new Map<number, Uint8Array>();
    for (let number = first; number < end; number += 1) {
      const part = number === end - 1 ? (parts.newPart(state) ?? before?.get(number)) : before?.get(number);
      if (part === undefined) throw new Error(`part ${number} was never made`);
      after.set(number, part);
    }
    this.#parts.set(key, after);
    const read = this.#codec.decode(bytes);
    parts.join(
      read,
      [...after.values()].map((part) => parts.codec.decode(part)),
    );
    return read;
  }

  #stateOf(key: string): WindowState {
    return this.#states.get(key) ?? emptyState();
  }

  #takeDue(clock: ClockKind): SetTimer | undefined {
    const order = (a: SetTimer, b: SetTimer): number => a.at - b.at || (a.key < b.key ? -1 : 1);
    const [due] = this.#timers.filter((one) => one.clock === clock && one.at <= this.#now[clock]).sort(order);
    this.#timers = this.#timers.filter((timer) => timer !== due);
    return due;
  }

  #timersOf(key: string): WindowTimers {
    const [ends, early] = [this.#ofClock('event', key), this.#ofClock('processing', key)];
    return { now: ends.now, set: ends.set, clear: ends.clear, early };
  }

  #ofClock(clock: ClockKind, key: string): EarlyTimers {
    const others = (name: string) =>
      this.#timers.filter((timer) => timer.clock !== clock || timer.key !== key || timer.name !== name);
    return {
      now: this.#now[clock],
      set: (name, at) => {
        if (!Number.isInteger(at)) throw new RangeError(`a timer at ${at}`);
        this.timersSet += 1;
        this.#timers = [...others(name), { clock, key, name, at }];
      },
      clear: (name) => {
        this.#timers = others(name);
      },
      isSet: (name) => others(name).length < this.#timers.length,
    };
  }
}
