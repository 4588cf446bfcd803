import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspectRecords } from '../../../../src/engine/inspection/inspect-records.js';
import { BUNDLE_LIMITS, KeyedStates } from '../../../../src/engine/state/keyed-states.js';
import { StateCodecs } from '../../../../src/pipeline/index.js';
import type { StoreBatch } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';
import { StateStore } from '../../../support/store/state-store.js';

const STAGE = { name: 'alarms', codec: StateCodecs.structuredClone(), timed: true };
const LIMITS = { maxEntries: 500_000, maxBytes: 1e8 };
const KEYS = 2000;
const OWN = /^due\/alarms\/\d{16}\//;
const BUNDLE = /^due\/alarms\/d\d{16}$/;

class Rig {
  readonly #rig: StateStore<KeyedStates>;

  constructor(bundles = BUNDLE_LIMITS) {
    this.#rig = new StateStore(
      (overlay, store) => new KeyedStates({ stages: [STAGE], overlay, store, limits: LIMITS, bundles }),
    );
  }

  static async started(bundles = BUNDLE_LIMITS): Promise<Rig> {
    const rig = new Rig(bundles);
    await rig.#rig.start();
    return rig;
  }

  get timers() {
    return this.#rig.subject.timersOf(STAGE);
  }

  set(from: number, to: number, timeOf: (index: number) => number): void {
    for (let index = from; index < to; index += 1) this.timers.set(`k${index}`, 't', timeOf(index));
  }

  async commit(): Promise<StoreBatch> {
    const batch = this.#rig.seal();
    await this.#rig.commit();
    return batch;
  }

  restart(): Promise<void> {
    return this.#rig.restart();
  }

  stop(): Promise<void> {
    return this.#rig.stop();
  }

  unit(work: () => void, stays: boolean): void {
    this.#rig.unit(work, stays);
  }

  stored(pattern: RegExp): string[] {
    return this.#rig.keys().filter((key) => pattern.test(key));
  }

  async spoil(): Promise<void> {
    const [first = ''] = this.stored(BUNDLE);
    await this.#rig.store.commit(new Map([[first, (this.#rig.store.get(first) ?? new Uint8Array()).subarray(0, -1)]]));
  }

  /** As `millrace inspect` sees it. */
  async nextDue(): Promise<number | undefined> {
    const { store } = this.#rig;
    async function* records(wanted: (key: string) => boolean) {
      for (const record of store.range('!', '~')) if (wanted(record.key)) yield record;
    }
    const { due, problems } = await inspectRecords({ records, problems: [] }, { limit: 1e9, progress: () => {} });
    assert.deepEqual(problems, []);
    return due.get('alarms');
  }

  /** All that is due, each taken as a stage would: their times and keys. */
  fire(now: number): string[] {
    const fired: string[] = [];
    while (this.timers.nextAt() <= now) {
      for (const due of this.timers.due(now, 100)) {
        assert.ok(this.timers.isFirst(due));
        this.timers.clear(due.key, due.name);
        fired.push(`${due.at} ${String(due.key)}`);
      }
    }
    return fired;
  }
}

/** In no order. */
const scattered = (index: number): number => 1000 + ((index * 7919) % KEYS);
const ordered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => ({ at: scattered(from + index), key: `k${from + index}` }))
    .sort((one, other) => one.at - other.at)
    .map(({ at, key }) => `${at} ${key}`);

describe('the order of timers in bundles', LIMIT, () => {
  it('TM12: a timer that fires soon is never a record of the order, and nothing is left of it', async () => {
    const rig = await Rig.started();
    for (let round = 0; round < 3; round += 1) {
      rig.set(0, KEYS, scattered);
      const set = [...(await rig.commit()).keys()].filter((key) => key.startsWith('due/alarms/'));
      assert.ok(set.length > 0 && set.every((key) => BUNDLE.test(key)), 'only bundles');
      await rig.restart();
      assert.deepEqual(rig.fire(1e6), ordered(0, KEYS));
      await rig.commit();
      assert.deepEqual([...rig.stored(OWN), ...rig.stored(BUNDLE)], []);
    }
    await rig.stop();
  });

  it('TM12: what is left when its bundle is given up has a record, and all fire in order, over restarts too', async () => {
    const rig = await Rig.started({ fewest: 32, maxStates: 1000, maxBytes: 1e6 });
    for (let from = 0; from < KEYS; from += 100) {
      rig.set(from, from + 100, scattered);
      await rig.commit();
    }
    assert.ok(rig.stored(BUNDLE).length > 0);
    const own = rig.stored(OWN).length;
    assert.ok(own > KEYS / 2 && own < KEYS, `${own} records`);
    // moved from a record into a bundle, from a bundle into another, and gone from either
    for (const index of [0, KEYS - 1]) rig.timers.set(`k${index}`, 't', 500 + index);
    rig.set(KEYS, KEYS + 40, scattered);
    for (const index of [1, KEYS - 2]) rig.timers.clear(`k${index}`, 't');
    await rig.commit();
    await rig.restart();
    const fired = rig.fire(1e6);
    const gone = new Set([0, 1, KEYS - 2, KEYS - 1].map((index) => `${scattered(index)} k${index}`));
    const others = ordered(0, KEYS + 40).filter((text) => !gone.has(text));
    const times = fired.map((text) => Number(text.split(' ')[0]));
    assert.deepEqual(
      times,
      [...times].sort((one, other) => one - other),
    );
    assert.deepEqual([...fired].sort(), [...others, '500 k0', `${500 + KEYS - 1} k${KEYS - 1}`].sort());
    await rig.commit();
    assert.deepEqual([...rig.stored(OWN), ...rig.stored(BUNDLE)], []);
    await rig.stop();
  });

  it('TM12: what has a record is in no bundle in the same run, so that each fires once', async () => {
    const rig = await Rig.started({ fewest: 32, maxStates: 1000, maxBytes: 1e6 });
    for (let from = 0; from < KEYS; from += 100) {
      rig.set(from, from + 100, scattered);
      await rig.commit();
    }
    assert.ok(rig.stored(OWN).length > KEYS / 2);
    assert.deepEqual(rig.fire(1e6), ordered(0, KEYS));
    await rig.stop();
  });

  it('TM8: what a unit that is undone has set and fired is as it was, in bundles too', async () => {
    const rig = await Rig.started();
    rig.set(0, 100, scattered);
    await rig.commit();
    rig.unit(() => {
      assert.equal(rig.fire(scattered(5)).at(-1), `${scattered(5)} k5`);
      rig.set(100, 200, scattered);
    }, false);
    assert.equal(rig.timers.pending, 100);
    rig.unit(() => rig.set(200, 240, scattered), true);
    await rig.commit();
    await rig.restart();
    assert.deepEqual(rig.fire(1e6), [...ordered(0, 100), ...ordered(200, 240)].sort(byTime));
    await rig.stop();
  });

  it('few of them, and keys that are too long, have records at once', async () => {
    const rig = await Rig.started();
    rig.set(0, 31, scattered);
    await rig.commit();
    assert.equal(rig.stored(OWN).length, 31);
    const long = 'k'.repeat(3000);
    for (let index = 0; index < 40; index += 1) rig.timers.set(`${long}${index}`, 't', 5000 + index);
    await rig.commit();
    assert.deepEqual(rig.stored(BUNDLE), []);
    await rig.restart();
    assert.equal(rig.fire(1e6).length, 71);
    await rig.stop();
  });

  it('`millrace inspect` knows the first of them, and a damaged bundle is STORE_CORRUPT at the start', async () => {
    const rig = await Rig.started();
    rig.set(0, 100, (index) => 2000 - index);
    await rig.commit();
    assert.deepEqual(rig.stored(OWN), []);
    assert.equal(await rig.nextDue(), 1901);
    await rig.spoil();
    await assert.rejects(rig.restart(), { code: 'STORE_CORRUPT', message: /^the order of timers of stage "alarms": / });
    await rig.stop();
  });
});

const byTime = (one: string, other: string): number => Number(one.split(' ')[0]) - Number(other.split(' ')[0]);
