import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addValue, emptySketch, mixSketches, valuesAt } from '../../src/pipeline/aggregates/sketch.js';
import { type AggregateOperation, AggregateOperations, StateCodecs } from '../../src/pipeline/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';

interface Point {
  readonly x: number;
  readonly y: number;
}

const x = (point: Point): number => point.x;
const y = (point: Point): number => point.y;
const { counting, summing, averaging, linearTrend } = AggregateOperations;

type Operation = AggregateOperation<Point, unknown, unknown>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  counting: counting(),
  summing: summing(y),
  averaging: averaging(y),
  min: AggregateOperations.min(y),
  max: AggregateOperations.max(y),
  minBy: AggregateOperations.minBy(y),
  maxBy: AggregateOperations.maxBy(y),
  first: AggregateOperations.first(),
  last: AggregateOperations.last(),
  toList: AggregateOperations.toList(),
  countingDistinct: AggregateOperations.countingDistinct(y),
  percentiles: AggregateOperations.percentiles(y, [0, 25, 50, 99, 100]),
  linearTrend: linearTrend(x, y),
  allOf: AggregateOperations.allOf({ count: counting(), mean: averaging(y), trend: linearTrend(x, y) }),
  withCreate: AggregateOperations.withCreate(() => 0)
    .andAccumulate((sum, point: Point) => sum + point.x)
    .andCombine((sum, later) => sum + later)
    .andDeduct((sum, part) => sum - part)
    .andExport((sum) => -sum),
};
const DEDUCTIBLE = [
  'counting',
  'summing',
  'averaging',
  'countingDistinct',
  'percentiles',
  'linearTrend',
  'allOf',
  'withCreate',
];

const point = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -9, max: 9 })).map(([x, y]) => ({ x, y }));
const points = fc.array(point, { maxLength: 30 });
const codec = StateCodecs.structuredClone<unknown>();
const stored = (state: unknown): unknown => codec.decode(codec.encode(state));

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Integers are exact in all of them but the trend, whose rounding depends on the order of its sums. */
const assertSame = (actual: unknown, wanted: unknown, name?: string): void => {
  if (Number.isFinite(actual) && Number.isFinite(wanted)) {
    const apart = Math.abs(Number(actual) - Number(wanted));
    assert.ok(apart < 1e-6, `${name}: ${actual} is not ${wanted}`);
  } else if (isPlain(actual) && isPlain(wanted)) {
    assert.deepEqual(Object.keys(actual), Object.keys(wanted), name);
    for (const [key, value] of Object.entries(actual)) assertSame(value, wanted[key], name);
  } else {
    assert.deepEqual(actual, wanted, name);
  }
};

const accumulated = (operation: Operation, items: readonly Point[]): unknown =>
  items.reduce((state, item) => operation.accumulate(state, item), operation.create());

for (const [name, operation] of Object.entries(OPERATIONS)) {
  const resultOf = (state: unknown): unknown => operation.export(state);

  test(`${name}: parts that are combined give the result of the whole, and the later part is as it was`, LIMIT, () => {
    fc.assert(
      fc.property(points, points, points, (a, b, more) => {
        const later = accumulated(operation, b);
        const before = structuredClone(later);
        const both = operation.combine?.(accumulated(operation, a), later);
        assertSame(resultOf(both), resultOf(accumulated(operation, [...a, ...b])));
        // no part of it has become one of the other
        const all = more.reduce((state, item) => operation.accumulate(state, item), both);
        assertSame(resultOf(all), resultOf(accumulated(operation, [...a, ...b, ...more])));
        assert.deepEqual(later, before);
      }),
    );
  });

  test(`${name}: a result changes nothing, and a stored state goes on at any item`, LIMIT, () => {
    fc.assert(
      fc.property(points, (items) => {
        let state = operation.create();
        for (const [index, item] of items.entries()) {
          state = stored(operation.accumulate(state, item));
          const before = structuredClone(state);
          const result = operation.export(state);
          assert.deepEqual(state, before);
          assert.deepEqual(operation.export(state), result);
          assertSame(result, resultOf(accumulated(operation, items.slice(0, index + 1))));
        }
      }),
    );
  });
}

test('what is deducted is gone, and only those deduct that can', LIMIT, () => {
  assert.deepEqual(
    Object.keys(OPERATIONS).filter((name) => OPERATIONS[name]?.deduct !== undefined),
    DEDUCTIBLE,
  );
  for (const name of DEDUCTIBLE) {
    const operation = OPERATIONS[name];
    assert.ok(operation?.combine && operation.deduct);
    const { combine, deduct } = operation;
    fc.assert(
      fc.property(points, points, (a, b) => {
        const resultOf = (state: unknown): unknown => operation.export(state);
        const [one, other] = [accumulated(operation, a), accumulated(operation, b)];
        const [wantedOne, wantedOther] = [resultOf(one), resultOf(other)];
        const later = structuredClone(other);
        const both = stored(combine(one, other));
        assertSame(resultOf(deduct(structuredClone(both), other)), wantedOne, name);
        assert.deepEqual(other, later);
        assertSame(resultOf(deduct(both, accumulated(operation, a))), wantedOther, name);
      }),
    );
  }
});

test('an infinite number that is deducted leaves the sum of the others', () => {
  for (const operation of [summing(y), averaging(y)]) {
    const state = accumulated(operation as Operation, [{ x: 0, y: 3 }]);
    const infinite = accumulated(operation as Operation, [{ x: 0, y: Number.POSITIVE_INFINITY }]);
    const { combine, deduct } = operation as Operation;
    const both = combine?.(state, infinite);
    assert.equal(operation.export(both as never), Number.POSITIVE_INFINITY);
    const negative = accumulated(operation as Operation, [{ x: 0, y: Number.NEGATIVE_INFINITY }]);
    assert.throws(() => combine?.(both, negative), /Infinity and -Infinity have no sum/);
    assert.equal(operation.export(deduct?.(both, infinite) as never), 3);
  }
});

test('twenty thousand frames through a window leave an average and a trend that are those of the window', LIMIT, () => {
  const seeded = new SeededRandom(13);
  const random = () => seeded.next();
  const operation = AggregateOperations.allOf({ mean: averaging(y), trend: linearTrend(x, y) }) as Operation;
  const { combine, deduct } = operation;
  const start = Date.UTC(2030, 0, 1);
  const frames: unknown[] = [];
  let window = operation.create();
  for (let frame = 0; frame < 20_000; frame += 1) {
    const items = Array.from({ length: 5 }, (_, index) => {
      const at = start + frame * 60_000 + index * 12_000;
      return { x: at, y: 1e6 * random() + frame * (1 + random()) };
    });
    frames.push(accumulated(operation, items));
    window = combine?.(window, frames.at(-1));
    if (frames.length > 10) window = deduct?.(window, frames.shift());
  }
  const wanted = frames.reduce((state, frame) => combine?.(state, frame), operation.create());
  const [slid, anew] = [window, wanted].map((state) => operation.export(state) as { mean: number; trend: number });
  assert.ok(slid !== undefined && anew !== undefined);
  assert.ok(Math.abs(slid.mean / anew.mean - 1) < 1e-14, `${slid.mean} ${anew.mean}`);
  assert.ok(Math.abs(slid.trend / anew.trend - 1) < 1e-7, `${slid.trend} ${anew.trend}`);
});

const magnitude = fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true });
const finite = fc.oneof(
  magnitude,
  magnitude.map((value) => -value),
  fc.constant(0),
  fc.integer(),
);

const sketchOf = (values: readonly number[]) => {
  const sketch = emptySketch(0.01);
  for (const value of values) addValue(sketch, value);
  return sketch;
};

/** What a sketch of that level may be off by, as a fraction of the value. */
const errorAt = (level: number): number => {
  const ratio = (1.01 / 0.99) ** (2 ** level);
  return (ratio - 1) / (ratio + 1) + 1e-9;
};

const checkPercentiles = (sketch: ReturnType<typeof sketchOf>, values: readonly number[]): void => {
  const sorted = [...values].sort((a, b) => a - b);
  const percents = [0, 1, 10, 50, 90, 99.9, 100];
  for (const [index, found] of valuesAt(sketch, percents).entries()) {
    const wanted =
      sorted[Math.max(1, Math.ceil(((percents[index] ?? 0) * values.length) / 100 - 1e-9)) - 1] ?? Number.NaN;
    const off = Math.abs(found - wanted);
    assert.ok(off <= Math.abs(wanted) * errorAt(sketch.level), `${found} for ${wanted} at level ${sketch.level}`);
  }
};

test('a percentile is at most its relative error from the number at its rank', LIMIT, () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 200 }), (values) => {
      const sketch = sketchOf(values);
      assert.equal(sketch.level, 0);
      checkPercentiles(sketch, values);
    }),
  );
});

test('a sketch of numbers that are far apart is bounded, coarser by what it says, and the same in parts', LIMIT, () => {
  const seeded = new SeededRandom(17);
  const random = () => seeded.next();
  const spread = (decades: number) =>
    Array.from({ length: 4_000 }, () => (random() < 0.5 ? -1 : 1) * 10 ** (decades * (random() - 0.5)));
  for (const decades of [2, 30, 600]) {
    const [a, b] = [spread(decades), spread(decades / 10)];
    const whole = sketchOf([...a, ...b]);
    assert.ok(whole.positive.size + whole.negative.size <= 1_024);
    assert.equal(whole.level > 0, decades > 2);
    checkPercentiles(whole, [...a, ...b]);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const mixed = sketchOf(one);
      mixSketches(mixed, sketchOf(other), 1);
      assert.deepEqual(mixed, whole, 'bin by bin');
      mixSketches(mixed, sketchOf(other), -1);
      checkPercentiles(mixed, one);
    }
  }
});
