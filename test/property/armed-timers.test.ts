import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedStates } from '../../src/engine/state/keyed-states.js';
import { AggregateOperations, StateCodecs, WindowDefinition } from '../../src/pipeline/index.js';
import type { StatefulStage } from '../../src/pipeline/stage-state.js';
import { CallTimers } from '../../src/pipeline/timers/call-timers.js';
import type { DueTimer } from '../../src/pipeline/timers/stage-timers.js';
import { Accumulators } from '../../src/pipeline/windows/accumulators.js';
import { createWindowLogic } from '../../src/pipeline/windows/create-window-logic.js';
import { keptWindows } from '../../src/pipeline/windows/kept-windows.js';
import { windowCodec } from '../../src/pipeline/windows/window-codec.js';
import { emptyState, type WindowState } from '../../src/pipeline/windows/window-state.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { StateStore } from '../support/store/state-store.js';

const KEYS = ['a', 'b', 'c', 'd'];
const WINDOWS = {
  tumbling: WindowDefinition.tumbling(10),
  sliding: WindowDefinition.sliding(30, 10),
  session: WindowDefinition.session(10),
} as const;
const LIMITS = { maxEntries: 8, maxBytes: 1e6 };
const BUNDLES = { fewest: 2, maxStates: 6, maxBytes: 1e6 };
const COUNTING = AggregateOperations.counting();
const CODEC = StateCodecs.structuredClone<unknown>();

interface Item {
  readonly key: string;
  readonly at: number;
}
type Step =
  | { readonly kind: 'items' | 'given-up'; readonly items: readonly Item[] }
  | { readonly kind: 'unit'; readonly stays: boolean; readonly items: readonly Item[]; readonly now: number }
  | { readonly kind: 'fire'; readonly now: number; readonly most: number; readonly fails: boolean }
  | { readonly kind: 'seal' | 'commit' | 'crash' };

/** Windows over a store, as a stage has them. What it tells must not depend on where its timers are. */
class Windows {
  readonly #rig: StateStore<KeyedStates>;
  readonly #stage: StatefulStage;
  readonly #logic: ReturnType<typeof createWindowLogic>;
  #now = 0;
  #sealed = false;
  #told: string[] = [];

  /** @param areArmed whether the states have the timers; else they have records */
  constructor(definition: WindowDefinition, areArmed: boolean, partBytes = Number.POSITIVE_INFINITY) {
    const { shape } = definition;
    this.#logic = createWindowLogic(definition, new Accumulators(COUNTING, CODEC));
    const { parts, ...codec } = windowCodec(shape, CODEC, partBytes);
    const stage = {
      name: 's',
      codec: codec as StatefulStage['codec'],
      ...(parts && { parts }),
      timed: true,
    };
    this.#stage = areArmed ? { ...stage, windows: keptWindows(shape, COUNTING, true) } : stage;
    this.#rig = new StateStore(
      (overlay, store) => new KeyedStates({ stages: [this.#stage], overlay, store, limits: LIMITS, bundles: BUNDLES }),
    );
  }

  start(): Promise<void> {
    return this.#rig.start();
  }

  stop(): Promise<void> {
    return this.#rig.stop();
  }

  async play(step: Step): Promise<void> {
    if (step.kind === 'items') this.#take(step.items);
    else if (step.kind === 'given-up') this.#givenUp(step.items);
    else if (step.kind === 'unit') this.#unit(step);
    else if (step.kind === 'fire') this.#fire(step);
    else if (step.kind === 'seal' && !this.#sealed) {
      this.#sealed = true;
      this.#rig.seal();
    } else if (step.kind === 'commit' && this.#sealed) {
      this.#sealed = false;
      await this.#rig.commit();
    } else if (step.kind === 'crash') {
      this.#sealed = false;
      await this.#rig.restart();
    }
  }

  /** What was told since the last look, and how the timers stand. */
  look() {
    const told = this.#told;
    this.#told = [];
    return { told, pending: this.#timers.pending, nextAt: this.#timers.nextAt() };
  }

  keys(): readonly string[] {
    return this.#rig.keys();
  }

  get #state() {
    return this.#rig.subject.stateOf(this.#stage);
  }

  get #timers() {
    return this.#rig.subject.timersOf(this.#stage);
  }

  #callsOf(key: string): CallTimers {
    const calls = new CallTimers({ now: this.#now }, 'event', this.#timers, true);
    calls.key = key;
    return calls;
  }

  #take(items: readonly Item[]): void {
    for (const { key, at } of items) {
      const value = (this.#state.get(key) ?? emptyState()) as WindowState;
      if (this.#logic.accept(value, this.#now + at, 1, this.#callsOf(key))) this.#state.set(key, value);
    }
  }

  /** As an input that is given up: each key is put back. */
  #givenUp(items: readonly Item[]): void {
    const keys = [...new Set(items.map(({ key }) => key))];
    const restorers = keys.flatMap((key) => [this.#state.restorer(key), this.#timers.restorer(key)]);
    this.#take(items);
    for (const restore of restorers) restore();
  }

  #unit({ items, stays, now }: Extract<Step, { kind: 'unit' }>): void {
    const [before, told] = [this.#now, this.#told.length];
    this.#rig.unit(() => {
      this.#take(items);
      this.#fire({ kind: 'fire', now, most: 2, fails: false });
    }, stays);
    if (stays) return;
    this.#now = before;
    this.#told.length = told;
  }

  #fire({ now, most, fails }: Extract<Step, { kind: 'fire' }>): void {
    this.#now += now;
    while (this.#timers.nextAt() <= this.#now) {
      for (const due of this.#timers.due(this.#now, most)) if (this.#timers.isFirst(due)) this.#fireOne(due, fails);
    }
  }

  #fireOne({ key, name, at }: DueTimer, fails: boolean): void {
    this.#timers.clear(key, name);
    const restorers = [this.#timers.restorer(key), this.#state.restorer(key)];
    const before = this.#state.get(key) as WindowState;
    const calls = this.#callsOf(String(key));
    const results = this.#logic.onTimer(before, { name, at }, calls);
    this.#keep(key, before);
    this.#told.push(...results.map(({ end, value }) => `${String(key)} ${end} ${String(value)}`));
    if (!fails) return;
    for (const restore of restorers) restore();
    const value = this.#state.get(key) as WindowState;
    this.#logic.giveUp(value, { name, at }, calls);
    this.#keep(key, value);
  }

  #keep(key: DueTimer['key'], value: WindowState): void {
    if (value.panes.length === 0) this.#state.remove(key);
    else this.#state.set(key, value);
  }
}

const items = fc.array(fc.record({ key: fc.constantFrom(...KEYS), at: fc.integer({ min: -15, max: 45 }) }), {
  minLength: 1,
  maxLength: 5,
});
const now = fc.nat({ max: 25 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('items' as const), items }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('given-up' as const), items }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unit' as const), stays: fc.boolean(), items, now }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fire' as const),
      now,
      most: fc.integer({ min: 1, max: 5 }),
      fails: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'seal' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

for (const [name, definition] of Object.entries(WINDOWS)) {
  test(
    `TM11: ${name} windows whose states have their timers tell the same as those whose timers have records`,
    LIMIT,
    async () => {
      const check = async (played: readonly Step[]): Promise<void> => {
        const [armed, kept] = [new Windows(definition, true), new Windows(definition, false)];
        await Promise.all([armed.start(), kept.start()]);
        try {
          for (const step of played) {
            await Promise.all([armed.play(step), kept.play(step)]);
            assert.deepEqual(armed.look(), kept.look());
          }
          assert.deepEqual(
            armed.keys().filter((key) => key.startsWith('timer/s/')),
            [],
          );
        } finally {
          await Promise.all([armed.stop(), kept.stop()]);
        }
      };
      await fc.assert(fc.asyncProperty(fc.array(steps, { maxLength: 60, size: 'max' }), check), { numRuns: 200 });
    },
  );
}

for (const name of ['tumbling', 'sliding'] as const) {
  test(
    `SR1, WP1: ${name} windows whose panes stand in parts tell the same as those in one record, and leave no part behind`,
    LIMIT,
    async () => {
      let parted = 0;
      const isPart = (key: string): boolean => key.startsWith('state/s/p');
      const check = async (played: readonly Step[], partBytes: number): Promise<void> => {
        const [inParts, whole] = [new Windows(WINDOWS[name], true, partBytes), new Windows(WINDOWS[name], true)];
        await Promise.all([inParts.start(), whole.start()]);
        const play = async (step: Step): Promise<void> => {
          await Promise.all([inParts.play(step), whole.play(step)]);
          assert.deepEqual(inParts.look(), whole.look());
        };
        try {
          for (const step of played) {
            await play(step);
            parted += inParts.keys().filter(isPart).length;
          }
          const rest = ['commit', 'seal', 'commit'].map((kind) => ({ kind }) as Step);
          for (const step of [{ kind: 'fire', now: 1_000, most: 5, fails: false } as const, ...rest]) await play(step);
          assert.deepEqual(
            inParts.keys().filter((key) => key.startsWith('state/s/')),
            whole.keys().filter((key) => key.startsWith('state/s/')),
          );
        } finally {
          await Promise.all([inParts.stop(), whole.stop()]);
        }
      };
      const many = fc.array(steps, { maxLength: 60, size: 'max' });
      await fc.assert(fc.asyncProperty(many, fc.constantFrom(1, 20), check), { numRuns: 150 });
      assert.ok(parted > 100, `${parted} parts were seen`);
    },
  );
}
