import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyedStates } from '../../../../src/engine/state/keyed-states.js';
import { StateCodecs, type StateKey } from '../../../../src/pipeline/index.js';
import type { StoreView } from '../../../../src/store/index.js';
import { StateStore } from '../../../support/store/state-store.js';

const STAGE = { name: 'alarms', codec: StateCodecs.structuredClone(), timed: true };
const LIMITS = { maxEntries: 100, maxBytes: 1e6 };
const BUNDLES = { fewest: 1e9, maxStates: 0, maxBytes: 0 };
const KEYS = 4000;

class Rig {
  /** Records that the timers have read of the order. */
  read = 0;
  readonly rig = new StateStore(
    (overlay, store) =>
      new KeyedStates({ stages: [STAGE], overlay, store: this.#counted(store), limits: LIMITS, bundles: BUNDLES }),
  );

  get timers() {
    return this.rig.subject.timersOf(STAGE);
  }

  async commit(): Promise<void> {
    this.rig.seal();
    await this.rig.commit();
  }

  /** All that is due, each taken as a stage would. */
  fire(now: number, most = 100): string[] {
    const fired: string[] = [];
    while (this.timers.nextAt() <= now) {
      for (const due of this.timers.due(now, most)) {
        assert.ok(this.timers.isFirst(due));
        this.timers.clear(due.key, due.name);
        fired.push(`${due.at} ${String(due.key)}${due.name}`);
      }
    }
    return fired;
  }

  #counted(store: StoreView): Pick<StoreView, 'range'> {
    const count = (): void => {
      this.read += 1;
    };
    return {
      *range(from, to) {
        for (const record of store.range(from, to)) {
          if (from.startsWith('due/')) count();
          yield record;
        }
      },
    };
  }
}

const started = async (): Promise<Rig> => {
  const rig = new Rig();
  await rig.rig.start();
  return rig;
};

/** Spread over the keys, so that their order is not that of the times. */
const timeOf = (index: number): number => 1000 + ((index * 7919) % KEYS);

describe('the timers of a stage over a store', () => {
  it('TM2: are due in the order of time and key, before and after commits and restarts', async () => {
    const rig = await started();
    const { length } = Array.from({ length: KEYS }, (_, index) => rig.timers.set(`k${index}`, 't', timeOf(index)));
    await rig.commit();
    await rig.rig.restart();
    for (let index = 0; index < 50; index += 1) rig.timers.set(`new${index}`, 't', 1000 + index * 80);
    const fired = rig.fire(1e6);
    const times = fired.map((text) => Number(text.split(' ')[0]));
    assert.equal(fired.length, length + 50);
    assert.deepEqual(
      times,
      [...times].sort((one, other) => one - other),
    );
    await rig.rig.stop();
  });

  it('TM1: of a name there is one, through commits and restarts', async () => {
    const rig = await started();
    rig.timers.set('a', 't', 500);
    rig.timers.set('b', 't', 500);
    rig.timers.set('c', 't', 500);
    await rig.commit();
    rig.timers.set('a', 't', 900);
    rig.timers.set('b', 't', 100);
    rig.timers.clear('c', 't');
    await rig.commit();
    await rig.rig.restart();
    assert.equal(rig.timers.pending, 2);
    assert.deepEqual(
      [rig.timers.at('a', 't'), rig.timers.at('b', 't'), rig.timers.at('c', 't')],
      [900, 100, undefined],
    );
    assert.deepEqual(rig.fire(600), ['100 bt']);
    assert.deepEqual(rig.fire(1000), ['900 at']);
    await rig.commit();
    assert.deepEqual(
      rig.rig.keys().filter((key) => !/^(timer|due)\/alarms$/.test(key)),
      [],
      'nothing is left in the store',
    );
    await rig.rig.stop();
  });

  it('TM4: one that is set later again and again changes its record and not the order, and is never early', async () => {
    const rig = await started();
    rig.timers.set('a', 't', 100);
    rig.timers.set('b', 't', 150);
    await rig.commit();
    for (let at = 200; at <= 300; at += 10) {
      rig.timers.set('a', 't', at);
      const changed = [...rig.rig.seal().keys()];
      await rig.rig.commit();
      assert.deepEqual(changed, ['timer/alarms/sa']);
    }
    assert.deepEqual(rig.timers.due(120, 10), [], 'it is looked at, and moved');
    assert.equal(rig.timers.nextAt(), 150);
    await rig.commit();
    await rig.rig.restart();
    assert.deepEqual(rig.fire(1000), ['150 bt', '300 at']);
    await rig.rig.stop();
  });

  it('TM3: many of them are not read to find the first, and are read in slices', async () => {
    const rig = await started();
    for (let index = 0; index < KEYS; index += 1) rig.timers.set(index, 't', timeOf(index));
    await rig.commit();
    await rig.rig.restart();
    rig.read = 0;
    assert.equal(rig.timers.nextAt(), 1000);
    assert.ok(rig.read <= 1025, `${rig.read} records were read`);
    assert.equal(rig.fire(1099).length, 100);
    assert.ok(rig.read <= 1025, `${rig.read} records were read`);
    assert.equal(rig.fire(1e6).length, KEYS - 100);
    assert.ok(rig.read < KEYS + 10, `${rig.read} records were read`);
    await rig.rig.stop();
  });

  it('TM7: what is put and removed while only the first are in memory is found when its turn comes', async () => {
    const rig = await started();
    for (let index = 0; index < KEYS; index += 1) rig.timers.set(index, 't', 1000 + index);
    await rig.commit();
    await rig.rig.restart();
    assert.equal(rig.timers.nextAt(), 1000);
    rig.timers.set('near', 't', 1500);
    rig.timers.set('far', 't', 4500);
    rig.timers.clear(10, 't');
    rig.timers.clear(3500, 't');
    rig.rig.seal();
    rig.timers.set('farther', 't', 4600);
    rig.timers.clear(3600, 't');
    const fired = rig.fire(1e6);
    assert.equal(fired.length, KEYS);
    for (const one of ['1500 neart', '4500 fart', '4600 farthert']) assert.ok(fired.includes(one), one);
    for (const one of ['1010 10t', '4500 3500t', '4600 3600t']) assert.ok(!fired.includes(one), one);
    await rig.rig.commit();
    await rig.rig.stop();
  });

  it('keeps no more than a few in memory however many are put', async () => {
    const rig = await started();
    for (let index = 0; index < KEYS; index += 1) rig.timers.set(index, 't', 1e6 - index);
    await rig.commit();
    rig.read = 0;
    assert.equal(rig.fire(1e6).length, KEYS);
    assert.ok(rig.read >= KEYS - 2048, `${rig.read} were read again`);
    await rig.rig.stop();
  });

  it('TM8: what a unit that is undone has set and fired is as it was, in the order too', async () => {
    const rig = await started();
    rig.timers.set('a', 't', 100);
    rig.timers.set('b', 't', 200);
    await rig.commit();
    rig.rig.unit(() => {
      assert.deepEqual(rig.fire(150), ['100 at']);
      rig.timers.set('c', 't', 10);
      rig.timers.clear('b', 't');
    }, false);
    assert.equal(rig.timers.pending, 2);
    assert.deepEqual(
      [rig.timers.at('a', 't'), rig.timers.at('b', 't'), rig.timers.at('c', 't')],
      [100, 200, undefined],
    );
    assert.deepEqual(rig.timers.due(1000, 10), [
      { key: 'a', name: 't', at: 100 },
      { key: 'b', name: 't', at: 200 },
    ]);
    rig.rig.unit(() => rig.timers.set('d', 't', 5), true);
    await rig.commit();
    await rig.rig.restart();
    assert.equal(rig.timers.pending, 3);
    assert.deepEqual(rig.fire(1000), ['5 dt', '100 at', '200 bt']);
    await rig.rig.stop();
  });

  it('takes keys of all kinds, and those that are too long for a key of the store', async () => {
    const rig = await started();
    const long = 'k'.repeat(3000);
    const keys: readonly StateKey[] = [1, '1', 1n, true, '', 'a/b', '€'.repeat(600), long, `${long}x`, '\ud800'];
    for (const key of keys) rig.timers.set(key, 't', 5);
    await rig.commit();
    await rig.rig.restart();
    const due = rig.timers.due(5, 100).map(({ key }) => key);
    assert.deepEqual(new Set(due), new Set(keys));
    await rig.rig.stop();
  });
});
