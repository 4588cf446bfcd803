import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Pipeline, Sinks, TestSources, type Timers } from '../../../../src/pipeline/index.js';
import { TimedRig } from '../../../support/rigs/timed-rig.js';

interface Item {
  readonly key: string;
  readonly n: number;
}
const item = (key: string, n: number): Item => ({ key, n });
const keyOf = ({ key }: Item): string => key;

describe('a stage with timers', () => {
  it('calls onTimer when a timer is due, with its key and state, and passes on what it gives', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({ sum: 0 }),
        (state, _key, { n }, timers) => {
          state.sum += n;
          timers.set('report', timers.now + 100);
        },
        { onTimer: ({ sum }, key, { name, at }, { now }) => `${key} ${sum} ${name} ${at} ${now}` },
      ),
    );
    rig.at(1000);
    rig.take(item('a', 1), item('b', 2), item('a', 3));
    assert.deepEqual(rig.at(1099).taken(), []);
    assert.deepEqual(rig.at(1200).taken(), ['a 4 report 1100 1200', 'b 2 report 1100 1200']);
    assert.deepEqual(rig.at(9000).taken(), [], 'a timer fires once');
  });

  it('fires in the order of time, then of key, then of name, also what is set by one that fires', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).flatMapStateful(
        () => ({}),
        (_state, _key, { n }, timers) => {
          timers.set('y', n);
          timers.set('x', n);
          return [];
        },
        {
          onTimer: (_state, key, { name, at }, timers) => {
            if (at < 40 && name === 'x') timers.set('x', at + 20);
            return [`${at}${key}${name}`];
          },
        },
      ),
    );
    rig.take(item('b', 30), item('c', 10), item('a', 30));
    assert.deepEqual(rig.at(1000).taken(), [
      ...['10cx', '10cy', '30ax', '30ay', '30bx', '30by', '30cx'],
      ...['50ax', '50bx', '50cx'],
    ]);
  });

  it('has one timer of a name, that which was set last, whether that is earlier or later', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).flatMapStateful(
        () => ({}),
        (_state, _key, { n }, timers) => {
          if (n === 0) timers.clear('t');
          else timers.set('t', n);
          return [];
        },
        { onTimer: (_state, key, { at }) => [`${key} ${at}`] },
      ),
    );
    rig.take(item('later', 10), item('earlier', 50), item('cleared', 10));
    rig.take(item('later', 60), item('earlier', 20), item('cleared', 0));
    assert.deepEqual(rig.at(15).taken(), []);
    assert.deepEqual(rig.at(100).taken(), ['earlier 20', 'later 60']);
    assert.equal(rig.timed.timers.nextAt(), Number.POSITIVE_INFINITY);
  });

  it('collects what flatMapStateful gives before it goes on: a generator has changed its state by then', () => {
    const seen: number[] = [];
    const rig = new TimedRig<Item>((source) =>
      source
        .groupingKey(keyOf)
        .flatMapStateful(
          () => ({ given: 0 }),
          function* (state, _key, { n }) {
            for (let index = 0; index < n; index += 1) {
              state.given += 1;
              yield state.given;
            }
          },
          { forgetWhen: ({ given }) => seen.push(given) === 0 },
        )
        .map((given) => given * 10),
    );
    rig.take(item('a', 3), item('a', 2));
    assert.deepEqual(rig.taken(), [10, 20, 30, 40, 50]);
    assert.deepEqual(seen, [3, 5]);
  });

  it('pauses between two results of flatMapStateful, and goes on behind them in order', () => {
    const rig = new TimedRig<Item>((source) =>
      source
        .groupingKey(keyOf)
        .flatMapStateful(
          () => ({}),
          (_state, key, { n }) => Array.from({ length: n }, (_, index) => `${key}${index}`),
        )
        .flatMap((text) => [`${text}x`, `${text}y`]),
    );
    const [source] = rig.plan.sources;
    assert.ok(source);
    const { fragment } = source;
    const items = [item('a', 2), item('b', 1)];
    let next = 0;
    let runs = 0;
    while (next < items.length) {
      ({ next } = fragment.run(items, next, { budget: Number.POSITIVE_INFINITY, pauseAfter: 1 }));
      runs += 1;
    }
    assert.deepEqual(fragment.outlets[0]?.items, ['a0x', 'a0y', 'a1x', 'a1y', 'b0x', 'b0y']);
    assert.ok(runs > 6, `${runs} runs`);
  });

  it('refuses what is no time or no name, and timers that nothing would be done at, as mistakes of the function', () => {
    const failureOf = (use: (timers: Timers) => void, onTimer = true): MillraceError => {
      const rig = new TimedRig<Item>((source) =>
        source.groupingKey(keyOf).mapStateful(
          () => ({}),
          (_state, _key, _item, timers) => use(timers),
          { onError: 'skip', ...(onTimer && { onTimer: () => 1 }) },
        ),
      );
      rig.plan.processingClock.now = 1000;
      const { failure, rejected } = rig.take(item('a', 1));
      assert.deepEqual(rejected, [], 'no onError is asked about it');
      assert.ok(failure?.cause instanceof MillraceError);
      assert.equal(failure.cause.code, 'USER_FUNCTION_FAILED');
      return failure.cause;
    };
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1000 + 101 * 366 * 86_400_000, '5' as never])
      assert.match(failureOf((timers) => timers.set('t', at)).message, /a timer was set to .*(time|1970|ahead)/);
    for (const name of ['', 'x'.repeat(101), 5 as never])
      assert.match(failureOf((timers) => timers.set(name, 5)).message, /the name of a timer/);
    assert.match(failureOf((timers) => timers.set('t', 5), false).message, /no onTimer/);
    let kept: Timers | undefined;
    const keeps = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({}),
        (_state, _key, _item, timers) => {
          kept = timers;
        },
        { onTimer: () => 1 },
      ),
    );
    keeps.take(item('a', 1));
    assert.throws(() => kept?.set('t', 5), /after the call/);
  });

  it('fires no earlier than a time with a fraction, and at once what is past', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({}),
        (_state, _key, { n }, timers) => timers.set('t', n),
        { onTimer: (_state, key, { at }) => `${key} ${at}` },
      ),
    );
    rig.at(1000);
    rig.take(item('fraction', 1000.5), item('past', 3));
    assert.deepEqual(rig.at(1000).taken(), ['past 3']);
    assert.deepEqual(rig.at(1001).taken(), ['fraction 1001']);
  });

  it('takes 100 names of a key, and at one more the item has failed, by onError', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({ set: 0 }),
        (state, _key, { n }, timers) => {
          for (let index = 0; index < n; index += 1) timers.set(`t${index}`, 5000);
          state.set += n;
        },
        { onTimer: ({ set }) => set, onError: 'skip' },
      ),
    );
    assert.equal(rig.take(item('a', 100), item('b', 101)).rejected.length, 1);
    assert.equal(rig.timed.timers.pending, 100, 'of the one that was given up no timer is left');
    assert.equal(rig.at(5000).taken().length, 100);
  });

  it('puts timers back where an item is given up, and they fire as they were set before', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).flatMapStateful(
        () => ({}),
        (_state, key, { n }, timers) => {
          if (n < 0) timers.clear('t');
          timers.set('t', Math.abs(n));
          timers.set('other', 1);
          if (n < 0) throw new RangeError(key);
          timers.clear('other');
          return [];
        },
        { onTimer: (_state, key, { name, at }) => [`${key} ${name} ${at}`], onError: 'skip' },
      ),
    );
    assert.equal(rig.take(item('a', 50), item('b', -20), item('a', -20), item('c', 30)).rejected.length, 2);
    assert.equal(rig.timed.timers.pending, 2);
    assert.deepEqual(rig.at(100).taken(), ['c t 30', 'a t 50']);
  });

  it('TM5: a timer whose call fails and is given up does not fire again, and leaves nothing', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({ fired: 0 }),
        (state, _key, { n }, timers) => {
          if (n > 0) timers.set('t', n);
          return state.fired;
        },
        {
          onTimer: (state, _key, { at }, timers) => {
            state.fired += 1;
            timers.set('u', at + 1);
            throw new RangeError('no');
          },
          onError: 'skip',
        },
      ),
    );
    rig.take(item('a', 10));
    rig.at(20);
    assert.equal(rig.timed.timers.pending, 0);
    rig.take(item('a', 0));
    assert.deepEqual(rig.taken(), [0, 0]);
  });
});

describe('forgetAfter', () => {
  const counted = (options: { forgetAfter: number; forgetWhen?: (state: { n: number }) => boolean }) =>
    new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).mapStateful(
        () => ({ n: 0 }),
        (state, _key, _item, timers) => {
          state.n += 1;
          if (state.n === 7) timers.set('late', timers.now + 5000);
          return state.n;
        },
        { ...options, onTimer: ({ n }, key) => `${key} ${n}` },
      ),
    );

  it('forgets a key no sooner than so long after its last item, and an eighth of that later at most', () => {
    const rig = counted({ forgetAfter: 800 });
    rig.at(0).take(item('a', 1));
    rig.at(90).take(item('a', 1));
    rig.at(889).take(item('a', 1));
    rig.at(1688).take(item('a', 1));
    rig.at(2588).take(item('a', 1));
    assert.deepEqual(rig.taken(), [1, 2, 3, 4, 1]);
    assert.equal(rig.timed.timers.pending, 0, 'those that forget do not count');
  });

  it('does not move the timer of a busy key by each item', () => {
    const rig = counted({ forgetAfter: 800 });
    let moved = 0;
    let at: number | undefined;
    for (let now = 0; now < 800; now += 1) {
      rig.at(now).take(item('a', 1));
      const is = rig.timed.timers.at('a', '');
      if (is !== at) moved += 1;
      at = is;
    }
    assert.ok(moved <= 9, `${moved} times`);
  });

  it('TM6: forgets no key that has another timer set, and forgets it after that', () => {
    const rig = counted({ forgetAfter: 800 });
    rig.at(0).take(...Array.from({ length: 7 }, () => item('a', 1)));
    rig.taken();
    assert.deepEqual(rig.at(4999).taken(), []);
    assert.deepEqual(rig.at(5001).taken(), ['a 7']);
    rig.take(item('a', 1));
    assert.deepEqual(rig.taken(), [1], 'it was forgotten behind its timer');
  });

  it('leaves no timer of a key that forgetWhen has forgotten', () => {
    const rig = counted({ forgetAfter: 800, forgetWhen: ({ n }) => n === 2 });
    rig.at(0).take(item('a', 1), item('a', 1));
    assert.equal(rig.timed.timers.nextAt(), Number.POSITIVE_INFINITY);
  });

  it('is refused where it is no number of milliseconds', () => {
    const stage = Pipeline.create()
      .readFrom(TestSources.items('a'))
      .groupingKey((key) => key);
    for (const forgetAfter of [0, -1, Number.NaN, 0.5, '5' as never])
      assert.throws(() => stage.distinct({ forgetAfter }), { code: 'INVALID_OPTIONS', message: /forgetAfter/ });
  });
});

describe('stages that let through less', () => {
  it('distinct passes on the first item of a key, and again when it was forgotten', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).distinct({ forgetAfter: 100 }));
    rig.at(0).take(item('a', 1), item('a', 2), item('b', 3));
    rig.at(99).take(item('a', 4));
    rig.at(250).take(item('a', 5));
    assert.deepEqual(rig.taken(), [item('a', 1), item('b', 3), item('a', 5)]);
  });

  it('debounce passes on the last item when no other has come for so long', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).debounce(100));
    rig.at(0).take(item('a', 1), item('b', 1));
    rig.at(60).take(item('a', 2));
    assert.deepEqual(rig.at(159).taken(), [item('b', 1)]);
    assert.deepEqual(rig.at(160).taken(), [item('a', 2)]);
    rig.take(item('a', 3));
    assert.deepEqual(rig.at(9000).taken(), [item('a', 3)]);
    assert.equal(rig.timed.timers.nextAt(), Number.POSITIVE_INFINITY, 'nothing is kept of a key that is quiet');
  });

  it('throttle passes on an item, and none for so long after it', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).throttle(100));
    rig.at(0).take(item('a', 1), item('a', 2), item('b', 1));
    rig.at(99).take(item('a', 3));
    rig.at(100).take(item('a', 4));
    rig.at(199).take(item('a', 5));
    rig.at(500).take(item('a', 6));
    assert.deepEqual(
      rig.taken().map((one) => (one as Item).n),
      [1, 1, 4, 6],
    );
    rig.at(9000);
    assert.equal(rig.timed.timers.nextAt(), Number.POSITIVE_INFINITY);
  });

  it('sample passes on the last item of each period, which begins with its first', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).sample(100));
    rig.at(30).take(item('a', 1));
    rig.at(120).take(item('a', 2));
    assert.deepEqual(rig.at(130).taken(), [item('a', 2)]);
    rig.at(150).take(item('a', 3));
    assert.deepEqual(rig.at(1000).taken(), [item('a', 3)]);
    assert.deepEqual(rig.at(2000).taken(), []);
  });

  it('refuses a time that is none', () => {
    const stage = Pipeline.create()
      .readFrom(TestSources.items('a'))
      .groupingKey((key) => key);
    for (const ms of [0, -5, Number.NaN, 1.5, undefined as never]) {
      for (const kind of ['debounce', 'throttle', 'sample'] as const)
        assert.throws(() => stage[kind](ms), { code: 'INVALID_OPTIONS', message: /ms must be a whole number/ });
    }
  });

  it('keeps items by the codec that it is given', () => {
    const made: string[] = [];
    const codec = {
      version: 3,
      encode: ({ n }: Item) => Uint8Array.of(made.push('encoded'), n),
      decode: (bytes: Uint8Array) => item('decoded', bytes[1] ?? 0),
    };
    const pipeline = Pipeline.create();
    const stage = pipeline.readFrom(TestSources.items<Item>()).groupingKey(keyOf).debounce(5, { codec });
    stage.writeTo(Sinks.noop());
    const work = pipeline.toGraph().vertices.find(({ name }) => name === stage.name)?.work;
    assert.ok(work?.kind === 'stateful');
    assert.equal(work.codec.version, 3);
    const bytes = work.codec.encode({ item: item('a', 7), until: 1.5 });
    assert.deepEqual(work.codec.decode(bytes), { item: item('decoded', 7), until: 1.5 });
    assert.deepEqual(made, ['encoded']);
  });
});
