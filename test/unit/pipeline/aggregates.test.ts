import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AggregateOperation, AggregateOperations, StateCodecs } from '../../../src/pipeline/index.js';
import { fc } from '../../support/fast-check.js';

/** The result after each item, with the accumulator stored and read back each time: it must survive that. */
const resultsOf = <T, A, R>(operation: AggregateOperation<T, A, R>, items: readonly T[]): R[] => {
  const codec = StateCodecs.structuredClone<A>();
  let accumulator = operation.create();
  return items.map((item) => {
    accumulator = codec.decode(codec.encode(operation.accumulate(accumulator, item)));
    return operation.export(accumulator);
  });
};

const itself = (value: number): number => value;

test('counting counts', () => {
  assert.deepEqual(resultsOf(AggregateOperations.counting(), ['a', undefined, null]), [1, 2, 3]);
});

test('summing loses no small numbers beside large ones', () => {
  assert.deepEqual(resultsOf(AggregateOperations.summing(itself), [1, 1e100, 1, -1e100]).at(-1), 2);
  const tenths = Array.from({ length: 10_000 }, () => 0.1);
  assert.equal(resultsOf(AggregateOperations.summing(itself), tenths).at(-1), 1000);
  assert.deepEqual(resultsOf(AggregateOperations.summing(itself), [1, Number.POSITIVE_INFINITY]), [
    1,
    Number.POSITIVE_INFINITY,
  ]);
});

test('averaging gives the mean', () => {
  assert.deepEqual(resultsOf(AggregateOperations.averaging(itself), [1, 2, 6]), [1, 1.5, 3]);
});

test('minBy and maxBy give the first of the lowest and the highest items, and never one that is NaN', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN)), { minLength: 1 }),
      (values) => {
        const items = values.map((value, index) => ({ value, index }));
        const known = items.filter(({ value }) => !Number.isNaN(value));
        const [lowest] = [...known].sort((a, b) => a.value - b.value || a.index - b.index);
        const [highest] = [...known].sort((a, b) => b.value - a.value || a.index - b.index);
        const valueFn = ({ value }: { value: number }): number => value;
        assert.deepEqual(resultsOf(AggregateOperations.minBy(valueFn), items).at(-1), lowest);
        assert.deepEqual(resultsOf(AggregateOperations.maxBy(valueFn), items).at(-1), highest);
      },
    ),
  );
});

test('minBy compares text and bigints too', () => {
  assert.equal(
    resultsOf(
      AggregateOperations.minBy((text: string) => text),
      ['b', 'a', 'c'],
    ).at(-1),
    'a',
  );
  assert.equal(
    resultsOf(
      AggregateOperations.maxBy((n: bigint) => n),
      [2n, 10n, 9n],
    ).at(-1),
    10n,
  );
});

test('an aggregate refuses what is no number, or cannot be compared, and keeps what it had', () => {
  const refused = (message: RegExp) => ({ code: 'USER_FUNCTION_FAILED', message });
  const operations = [
    AggregateOperations.summing((item: unknown) => item as number),
    AggregateOperations.averaging((item: unknown) => item as number),
  ];
  for (const item of [undefined, null, '1', 1n, Number.NaN, {}]) {
    for (const operation of operations) {
      assert.throws(
        () => resultsOf<unknown, unknown, number>(operation as never, [item]),
        refused(/valueFn .* no number/),
      );
    }
  }
  const infinite = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  assert.throws(() => resultsOf(AggregateOperations.summing(itself), infinite), refused(/no sum/));
  const best = AggregateOperations.minBy((item: unknown) => item as number);
  for (const item of [undefined, null, {}, true]) {
    assert.throws(() => resultsOf(best, [item]), refused(/valueFn returned .* cannot be compared/));
  }
  assert.throws(() => resultsOf(best, [1, 'a']), refused(/a value of type string beside 1/));
  const finite = [
    AggregateOperations.percentiles((item: number) => item, [50]),
    AggregateOperations.linearTrend(
      () => 1,
      (item: number) => item,
    ),
  ];
  for (const item of [undefined, 1n, Number.NaN]) {
    for (const operation of finite)
      assert.throws(
        () => resultsOf<number, unknown, unknown>(operation as never, [item as never]),
        refused(/Fn returned .* no number/),
      );
  }
  for (const operation of finite) {
    assert.throws(
      () => resultsOf<number, unknown, unknown>(operation as never, infinite),
      refused(/Fn returned Infinity, which is not finite/),
    );
  }
  const far = AggregateOperations.linearTrend(itself, itself);
  assert.throws(() => resultsOf(far, [1e308, -1e308]), refused(/too far from each other/));
  const keyless = AggregateOperations.countingDistinct((item: unknown) => item as number);
  assert.throws(() => resultsOf(keyless, [{}]), refused(/cannot be a key/));
  const lost = AggregateOperations.summing((() => Promise.reject(new Error('nobody waits for it'))) as never);
  assert.throws(() => resultsOf(lost, [1]), refused(/valueFn returned a promise/));
});

test('min and max give values, first and last items, of which one may be undefined', () => {
  assert.deepEqual(resultsOf(AggregateOperations.min(itself), [Number.NaN, 3, 1, 2]), [undefined, 3, 1, 1]);
  assert.deepEqual(resultsOf(AggregateOperations.max(itself), [3, 1, 4]), [3, 3, 4]);
  assert.deepEqual(resultsOf(AggregateOperations.first(), [undefined, 2]), [undefined, undefined]);
  assert.deepEqual(resultsOf(AggregateOperations.last(), [1, undefined, 3]), [1, undefined, 3]);
});

test('toList and countingDistinct refuse what is beyond their bound, and say which it is', () => {
  const beyond = (message: RegExp) => ({ code: 'USER_FUNCTION_FAILED', message });
  assert.deepEqual(resultsOf(AggregateOperations.toList(2), ['a', 'b']), [['a'], ['a', 'b']]);
  assert.throws(
    () => resultsOf(AggregateOperations.toList(2), [1, 2, 3]),
    beyond(/would have 3 items, and 2 are its bound$/),
  );
  const distinct = AggregateOperations.countingDistinct((item: number | string) => item, 2);
  assert.deepEqual(resultsOf(distinct, [1, '1', 1, '1']), [1, 2, 2, 2]);
  assert.throws(() => resultsOf(distinct, [1, 2, 1, 3]), beyond(/would be 3 keys, and 2 are the bound$/));
  const { create, accumulate, combine } = AggregateOperations.toList<number>(2);
  const two = accumulate(accumulate(create(), 1), 2);
  assert.throws(() => combine?.(two, accumulate(create(), 3)), beyond(/3 items/));
  assert.deepEqual(two, [1, 2], 'as it was');
});

test('linearTrend gives the slope, also of times since 1970', () => {
  const now = Date.UTC(2030, 0, 1);
  const operation = AggregateOperations.linearTrend(
    (item: number) => now + item,
    (item: number) => 20 + item / 1000,
  );
  const [none, ...slopes] = resultsOf(operation, [0, 1000, 1001, 5000]);
  assert.ok(Number.isNaN(none));
  for (const slope of slopes) assert.ok(Math.abs(slope - 0.001) < 1e-12, `${slope}`);
});

test('allOf gives the results of all as a record, and combines where all of them do', () => {
  const { counting, averaging, min } = AggregateOperations;
  const both = AggregateOperations.allOf({ count: counting(), mean: averaging(itself) });
  assert.deepEqual(resultsOf(both, [1, 3]), [
    { count: 1, mean: 1 },
    { count: 2, mean: 2 },
  ]);
  assert.equal(typeof both.deduct, 'function');
  const withLowest = AggregateOperations.allOf({ count: counting(), lowest: min(itself) });
  assert.equal(typeof withLowest.combine, 'function');
  assert.equal(withLowest.deduct, undefined, 'the lowest cannot be taken out');
  const refused = (message: RegExp) => ({ code: 'INVALID_OPTIONS', message });
  assert.throws(
    () => AggregateOperations.allOf({ count: counting } as never),
    refused(/operations.count must be an aggregate/),
  );
  assert.throws(() => AggregateOperations.allOf(counting as never), refused(/operations must be an object/));
  const late = { ...counting(), export: async () => 1 };
  assert.throws(() => resultsOf(AggregateOperations.allOf({ late }), [1]), /late returned a promise/);
});

test('an aggregate of one’s own is built step by step, and each step leaves the one before as it is', () => {
  const start = AggregateOperations.withCreate(() => ({ longest: 0 })).andAccumulate((state, text: string) => ({
    longest: Math.max(state.longest, text.length),
  }));
  const longest = ({ longest }: { longest: number }) => longest;
  const combined = start.andCombine((a, b) => ({ longest: Math.max(a.longest, b.longest) }));
  assert.deepEqual(resultsOf(combined.andExport(longest), ['ab', 'a', 'abc']), [2, 2, 3]);
  assert.deepEqual(Object.keys(combined.andExport(longest)), ['create', 'accumulate', 'combine', 'export']);
  assert.deepEqual(Object.keys(start.andDeduct((a) => a).andExport(longest)), [
    'create',
    'accumulate',
    'deduct',
    'export',
  ]);
  assert.deepEqual(Object.keys(start.andExport(longest)), ['create', 'accumulate', 'export']);
});

test('percentiles and bounds that are none are refused where they are written', () => {
  const refused = (message: RegExp) => ({ code: 'INVALID_OPTIONS', message });
  const { percentiles, toList, countingDistinct } = AggregateOperations;
  assert.throws(() => percentiles(itself, [50, 101]), refused(/percents\[1\] must be a number from 0 to 100/));
  assert.throws(() => percentiles(itself, 50 as never), refused(/percents must be an array/));
  assert.throws(() => percentiles(itself, [50], 0), refused(/relativeError must be a number from 0.001 to 0.5/));
  assert.throws(() => toList(0), refused(/maxItems must be a whole number from 1/));
  assert.throws(() => countingDistinct(itself, 1.5), refused(/maxKeys must be a whole number from 1/));
});
