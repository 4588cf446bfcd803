import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OnError } from '../../src/connector/index.js';
import { Pipeline } from '../../src/pipeline/index.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { MachineRig } from '../support/rigs/machine-rig.js';

/*
 * A whole job but for its driver, through random items, times, commits, crashes and failures. Its outputs tell each item and each timer that
 * took effect, in order, so they are held against a plain list of timers that is changed as they say.
 */

interface Item {
  readonly n: number;
  readonly key: string;
  readonly name: string;
  /** Undefined: cleared. */
  readonly at: number | undefined;
}

/** An item, or a timer, that took effect. */
type Effect = { readonly now: number; readonly seen: number } & (
  | { readonly item: Item }
  | { readonly key: string; readonly name: string; readonly at: number }
);

type Step =
  | { readonly kind: 'items'; readonly items: readonly Omit<Item, 'n'>[] }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'tick' | 'settle' | 'crash' };

const KEYS = ['a', 'b', 'c'];
/** `again` is set anew by its own firing, `bad` throws. */
const NAMES = ['one', 'two', 'again', 'bad'];
const AGAIN_MS = 7;
const LAST_AGAIN = 60;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('items' as const),
      items: fc.array(
        fc.record({
          key: fc.constantFrom(...KEYS),
          name: fc.constantFrom(...NAMES),
          at: fc.option(fc.nat({ max: 100 }), { nil: undefined, freq: 5 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat({ max: 20 }) }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'tick' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

/** What fails the job once in so many calls; undefined: nothing. `bad` timers are given up then, and else not set at all. */
type Flaw = { readonly every: number } | undefined;

class World {
  readonly source = new ManualSource<Item>({ defaultGuarantee: 'exactly-once' });
  readonly destination = new Destination();
  readonly rig: MachineRig;
  readonly #flaw: Flaw;
  #calls = 0;
  #now = 0;

  constructor(flaw: Flaw) {
    this.#flaw = flaw;
    this.rig = new MachineRig(this.#pipeline(flaw === undefined ? 'skip' : 'fail'), 'stored');
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.rig.open();
    for (const one of steps) await this.#play(one);
    this.#now = 1000;
    // a run that a function fails goes on at its next start
    for (let runs = 0; runs < 200; runs += 1) {
      await this.#settle();
      if (this.rig.machine.halted === undefined) break;
      await this.rig.restart();
    }
    this.#check();
    await this.rig.close();
  }

  async #play(one: Step): Promise<void> {
    switch (one.kind) {
      case 'items':
        for (const item of one.items) this.source.push({ ...item, n: this.source.items.length });
        return;
      case 'time':
        this.#now += one.ms;
        return;
      case 'tick':
        this.rig.machine.tick(this.#now);
        break;
      case 'settle':
        await this.#settle();
        break;
      case 'crash':
        await this.rig.restart();
        return;
    }
    if (this.rig.machine.halted !== undefined) await this.rig.restart();
  }

  async #settle(): Promise<void> {
    await this.rig.settle(this.#now);
  }

  #trip(): void {
    this.#calls += 1;
    if (this.#flaw !== undefined && this.#calls % this.#flaw.every === 0) throw new RangeError('now and then');
  }

  #pipeline(onError: OnError): Pipeline {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(this.source.source)
      .groupingKey(({ key }) => key)
      .flatMapStateful(
        () => ({ seen: 0 }),
        (state, _key, item, timers) => {
          state.seen += 1;
          if (item.at === undefined) timers.clear(item.name);
          else if (item.name !== 'bad' || onError === 'skip') timers.set(item.name, item.at);
          this.#trip();
          return [{ now: timers.now, seen: state.seen, item }];
        },
        {
          onError,
          onTimer: (state, key, { name, at }, timers) => {
            state.seen += 1;
            if (name === 'bad') timers.set('one', 5);
            if (name === 'bad') throw new RangeError('bad');
            if (name === 'again' && at < LAST_AGAIN) timers.set(name, at + AGAIN_MS);
            this.#trip();
            return [{ now: timers.now, seen: state.seen, key, name, at }];
          },
        },
      )
      .setName('alarms')
      .map((effect) => JSON.stringify(effect))
      .writeTo(durableSink(this.destination));
    return pipeline;
  }

  /** Rows by their numbers: one that was sent again is the same. */
  get #effects(): readonly Effect[] {
    const bySeq = new Map(this.destination.arrived.map(({ seq, item }) => [seq, item]));
    return [...bySeq].sort(([one], [other]) => one - other).map(([, item]) => JSON.parse(item));
  }

  #check(): void {
    const set = new Map<string, { readonly key: string; readonly name: string; readonly at: number }>();
    const seen = new Map<string, number>();
    let items = 0;
    for (const effect of this.#effects) {
      const key = 'item' in effect ? effect.item.key : effect.key;
      const count = (seen.get(key) ?? 0) + 1;
      seen.set(key, count);
      assert.equal(effect.seen, count, 'the state of the key has all that took effect, and nothing else');
      if ('item' in effect) {
        const { item } = effect;
        assert.equal(item.n, items, 'each item takes effect once, in order');
        items += 1;
        const id = `${key} ${item.name}`;
        if (item.at === undefined) set.delete(id);
        else if (item.name !== 'bad') set.set(id, { key, name: item.name, at: item.at });
        continue;
      }
      const [first] = [...set.values()].sort(
        (one, other) => one.at - other.at || (`${one.key} ${one.name}` < `${other.key} ${other.name}` ? -1 : 1),
      );
      const { name, at, now } = effect;
      assert.deepEqual({ key, name, at }, first, 'the timer that is the first of those that are set');
      assert.ok(now >= at, 'it is never early');
      set.delete(`${key} ${name}`);
      if (name === 'again' && at < LAST_AGAIN) set.set(`${key} ${name}`, { key, name, at: at + AGAIN_MS });
    }
    assert.equal(items, this.source.items.length, 'all items took effect');
    assert.deepEqual([...set.values()], [], 'all timers have fired');
    assert.equal(this.rig.run.lanes.timedStages[0]?.plan.timers.pending, 0);
  }
}

const steps = fc.array(step, { maxLength: 60, size: 'max' });

test(
  'what took effect of items and timers equals a plain list of timers, over any commits and crashes',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, (all) => new World(undefined).play(all)),
      { numRuns: 150 },
    );
  },
);

test('the same where a function fails the job now and then, and runs begin carefully', LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 2, max: 12 }), (all, every) => new World({ every }).play(all)),
    { numRuns: howMany({ sample: 50, full: 150 }) },
  );
});
