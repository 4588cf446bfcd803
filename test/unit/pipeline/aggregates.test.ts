import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AggregateOperation, AggregateOperations, StateCodecs } from '../../../src/pipeline/index.js';

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
  const lost = AggregateOperations.summing((() => Promise.reject(new Error('nobody waits for it'))) as never);
  assert.throws(() => resultsOf(lost, [1]), refused(/valueFn returned a promise/));
});
