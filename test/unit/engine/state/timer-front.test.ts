import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Placed, TimerFront } from '../../../../src/engine/state/timer-front.js';

const entry = (at: number, key: string): Placed => ({ at, key, text: `s${key}` });

/** What it should do, in the plainest way. */
class Plain {
  #entries: Placed[] = [];

  put(one: Placed): void {
    this.#entries.push(one);
  }

  remove(one: Placed): void {
    this.#entries = this.#entries.filter(({ key }) => key !== one.key);
  }

  first(most: number): readonly Placed[] {
    this.#entries.sort((one, other) => one.at - other.at || (one.text < other.text ? -1 : 1));
    return this.#entries.slice(0, most);
  }

  get size(): number {
    return this.#entries.length;
  }
}

const randomOf = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

describe('the first timers of an index, in memory', () => {
  it('TM2: are in the order of time and key, whatever is put and removed between two looks', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = randomOf(seed);
      const [front, plain] = [new TimerFront(), new Plain()];
      for (let step = 0; step < 30; step += 1) {
        for (let count = random(80); count > 0; count -= 1) {
          const one = entry(random(20), `${seed}-${step}-${count}`);
          front.put(one);
          plain.put(one);
        }
        // the first ones are what fires, others are cleared
        const gone = [...plain.first(random(30)), ...plain.first(1000).filter(() => random(40) === 0)];
        for (const one of gone) {
          front.remove(one);
          plain.remove(one);
          assert.equal(front.peek(), plain.first(1)[0], `seed ${seed}`);
        }
        const left = plain.first(1000).filter(() => random(4) === 0);
        front.removeAll(new Set(left.map(({ key }) => key)));
        for (const one of left) plain.remove(one);
        assert.equal(front.peek(), plain.first(1)[0], `seed ${seed}`);
        const most = 1 + random(50);
        assert.deepEqual(front.first(most), plain.first(most), `seed ${seed}`);
        assert.equal(front.size, plain.size);
      }
    }
  });

  it('are cut to so many, and the first of the others is told', () => {
    const front = new TimerFront();
    for (let at = 100; at > 0; at -= 1) front.put(entry(at, `k${at}`));
    front.remove(entry(1, 'k1'));
    assert.equal(front.shorten(10)?.at, 12);
    assert.deepEqual(
      front.first(100).map(({ at }) => at),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
  });

  it('leave nothing of those that are gone, however few come at a time', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const front = new TimerFront();
    const fire = (at: number): WeakRef<Placed> => {
      const one = entry(at, `k${at}`);
      front.put(one);
      assert.equal(front.first(10)[0], one);
      front.remove(one);
      return new WeakRef(one);
    };
    front.put(entry(1e9, 'far'));
    const gone = Array.from({ length: 5000 }, (_, at) => fire(at));
    // in the turn in which it is made a WeakRef keeps what it refers to
    await setImmediate();
    collect();
    const held = gone.filter((one) => one.deref() !== undefined).length;
    assert.ok(held <= 1100, `${held} are held`);
  });
});
