import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError, Pipeline, Sinks, type Stage, TestSources, type TimestampOptions } from '../../../src/index.js';
import { compilePipeline } from '../../../src/pipeline/compile/compile-pipeline.js';
import type { FragmentRun } from '../../../src/pipeline/compile/fragment/fragment.js';
import { NO_TIMES } from '../../../src/pipeline/compile/steps/input-times.js';
import type { ItemTime } from '../../../src/pipeline/time/pending-times.js';

const LIMITS = { budget: 1000, pauseAfter: 1000 };
const DAY_MS = 24 * 60 * 60_000;

interface Ran extends FragmentRun {
  /** Of what has come to the first mapAsync stage. */
  readonly times: readonly ItemTime[];
}

/** Runs items, polled at a time, through a source with a mapAsync stage behind. */
const runner = (build: (start: ReturnType<Pipeline['readFrom']>) => Stage<unknown, true>) => {
  const pipeline = Pipeline.create();
  const source = pipeline.readFrom<unknown>(TestSources.items());
  build(source)
    .mapAsync((item) => item)
    .writeTo(Sinks.noop());
  const { sources, times } = compilePipeline(pipeline.toGraph());
  const fragment = sources[0]?.fragment ?? assert.fail('it is compiled');
  return (items: readonly unknown[], polledAtMs = 0): Ran & { readonly watermark: unknown } => {
    const run = fragment.run(items, 0, LIMITS, { ...NO_TIMES, polledAtMs });
    const given = fragment.outlets[0]?.times.splice(0) ?? [];
    return { ...run, times: given, watermark: times?.state.sources[0]?.[1].watermark };
  };
};

const timed = (timestampFn: (item: unknown) => unknown, lag: number, options?: TimestampOptions) =>
  runner((source) => source.withTimestamps(timestampFn as (item: unknown) => number, lag, options));

test('an item has its timestamp and the watermark of all that came up to it, whatever was filtered out in between', () => {
  const run = runner((source) =>
    source
      .withTimestamps((item) => Number(item), 10)
      .filter((item) => item !== 500)
      .map((item) => item),
  );
  assert.deepEqual(run([100, 90, 500, 120, 95]).times, [
    { timestamp: 100, watermark: 90 },
    { timestamp: 90, watermark: 90 },
    { timestamp: 120, watermark: 490 },
    { timestamp: 95, watermark: 490 },
  ]);
});

test('what a flatMap makes of an item has the timestamp of the item', () => {
  const run = runner((source) => source.withTimestamps((item) => Number(item), 0).flatMap((item) => [item, item]));
  assert.deepEqual(run([1, 2]).times.map(({ timestamp }) => timestamp), [1, 1, 2, 2]); // biome-ignore format: one line
});

test('timestamps before 1970 and backwards are taken, fractions are cut off', () => {
  const run = timed((item) => item as number, 0);
  assert.deepEqual(run([-5000, -7000, 3.9, -0.5]).times, [
    { timestamp: -5000, watermark: -5000 },
    { timestamp: -7000, watermark: -5000 },
    { timestamp: 3, watermark: 3 },
    { timestamp: -1, watermark: 3 },
  ]);
});

for (const [what, given] of [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['undefined', undefined],
  ['a Date', new Date(0)],
  ['a value of type string', '2026-01-01'],
  ['9000000000000000', 9e15],
] as const) {
  test(`${what} is no timestamp: the stage has failed, and gives the item up where it is told to`, () => {
    const failed = timed(() => given, 0)([1]);
    assert.equal(failed.failure?.stage, 'time of items');
    const error = failed.failure?.cause;
    assert.ok(error instanceof MillraceError && error.code === 'USER_FUNCTION_FAILED', String(error));
    assert.ok(error.message.includes(`it returned ${what}, which is no timestamp`), error.message);
    assert.ok(error.advice?.includes('milliseconds since 1970'));
    const run = timed((item) => (item === 'bad' ? given : item), 0, { onError: 'skip' });
    const { rejected, times, watermark } = run([1, 'bad', 2]);
    assert.deepEqual(rejected.map(({ index, stage }) => [index, stage]), [[1, 'time of items']]); // biome-ignore format: one line
    assert.deepEqual(times.map(({ timestamp }) => timestamp), [1, 2]); // biome-ignore format: one line
    assert.equal(watermark, 2);
  });
}

test('a timestamp days ahead of the clock does not move the watermark: it is a failure of the stage', () => {
  const run = timed((item) => item as number, 0, { onError: 'skip' });
  const now = 1_000_000;
  const { rejected, watermark } = run([now, now + DAY_MS, now + DAY_MS + 1], now);
  assert.equal(watermark, now + DAY_MS);
  const [{ cause } = {}] = rejected;
  assert.ok(String(cause).includes(`${DAY_MS + 1} ms ahead of the clock`), String(cause));
  const unbounded = timed((item) => item as number, 0, { maxFutureMs: Number.POSITIVE_INFINITY });
  assert.equal(unbounded([now + 400 * DAY_MS], now).watermark, now + 400 * DAY_MS);
});

test('ingestion timestamps are those of the poll, and stand still while a clock that was put back catches up', () => {
  const run = runner((source) => source.withIngestionTimestamps());
  assert.deepEqual(run(['a', 'b'], 1000).times, [
    { timestamp: 1000, watermark: 1000 },
    { timestamp: 1000, watermark: 1000 },
  ]);
  assert.deepEqual(run(['c'], 400).times, [{ timestamp: 1000, watermark: 1000 }]);
  assert.deepEqual(run(['d'], 1001).times, [{ timestamp: 1001, watermark: 1001 }]);
});

test('an input that fails takes what it had on its way to a call out of event time again', () => {
  const run = runner((source) =>
    source
      .withTimestamps((item) => Number(item), 0)
      .flatMap((item) => (item === 7 ? [item, 'bad'] : [item]))
      .map((item) => (item === 'bad' ? assert.fail('bad') : item), { onError: 'skip' }),
  );
  assert.deepEqual(run([1, 7, 3]).times, [
    { timestamp: 1, watermark: 1 },
    { timestamp: 3, watermark: 7 },
  ]);
});

test('what is wrong with how time is asked for is refused where it is asked', () => {
  const source = () => Pipeline.create().readFrom(TestSources.items(1));
  const refused = (work: () => unknown, ...texts: readonly string[]) =>
    assert.throws(work, (error: unknown) => {
      assert.ok(error instanceof MillraceError && error.code === 'INVALID_OPTIONS');
      for (const text of texts) assert.ok(error.message.includes(text), error.message);
      return true;
    });
  refused(() => source().withTimestamps('t' as never, -1), 'timestampFn', 'allowedLagMs');
  refused(() => source().withTimestamps(Number, Number.NaN), 'allowedLagMs');
  refused(() => source().withTimestamps(Number, Number.POSITIVE_INFINITY), 'allowedLagMs');
  refused(() => source().withTimestamps(Number, 0, { idleTimeoutMs: -1, maxFuture: 1 } as never), 'idleTimeoutMs', 'maxFutureMs'); // biome-ignore format: one line
  for (const [given, shown] of [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [5n, 'the bigint 5'],
    ['5', "'5'"],
  ] as const)
    refused(() => source().withTimestamps(Number, given as never), `allowedLagMs must be a number of milliseconds from 0, not ${shown}`); // biome-ignore format: one line
  refused(() => source().withTimestamps(Number, 0, { maxFutureMs: Number.NaN }), 'maxFutureMs must be a number of milliseconds from 0, or Infinity, not NaN'); // biome-ignore format: one line
  for (const idleTimeoutMs of [0, 0.5, Number.NaN]) {
    const text = `idleTimeoutMs must be a number of milliseconds from 1, or Infinity, not ${idleTimeoutMs}`;
    refused(() => source().withTimestamps(Number, 0, { idleTimeoutMs }), text);
    refused(() => source().withIngestionTimestamps({ idleTimeoutMs }), text);
  }
  refused(() => source().withIngestionTimestamps({ onError: 'skip' } as never), 'onError');
});
