import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergedWatermark } from '../../src/pipeline/time/merged-watermark.js';
import { type ItemTime, PendingTimes } from '../../src/pipeline/time/pending-times.js';
import { SourceWatermark } from '../../src/pipeline/time/source-watermark.js';
import { END_OF_TIME, type TimeSource, timeOf } from '../../src/pipeline/time/time-source.js';
import { TimersTime } from '../../src/pipeline/time/timers-time.js';
import { fc } from '../support/fast-check.js';

const IDLE_TIMEOUT_MS = 50;
const LAGS = [0, 10, 25];
const NONE = Number.NEGATIVE_INFINITY;

type Step =
  | { readonly kind: 'item'; readonly source: number; readonly timestamp: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'end'; readonly source: number }
  | { readonly kind: 'crash' };

const source = fc.nat({ max: LAGS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('item' as const),
      source,
      timestamp: fc.integer({ min: -500, max: 500 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), source }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

const sourcesOf = (): readonly SourceWatermark[] =>
  LAGS.map(
    (allowedLagMs, index) => new SourceWatermark({ name: `${index}`, allowedLagMs, idleTimeoutMs: IDLE_TIMEOUT_MS }),
  );

/** One source, from all that has happened up to a step. */
const recomputed = (index: number, steps: readonly Step[]): { watermark: number; pace: TimeSource['pace'] } => {
  let now = 0;
  let quietSince = 0;
  let watermark = NONE;
  let pace: TimeSource['pace'] = 'going';
  for (const one of steps) {
    if (one.kind === 'wait') now += one.ms;
    // a run begins: whoever was not idle has its time anew, and what had ended is asked again
    if (one.kind === 'crash') quietSince = now;
    if (one.kind === 'crash' && pace === 'ended') pace = 'going';
    if (one.kind === 'end' && one.source === index) pace = 'ended';
    if (one.kind === 'item' && one.source === index) {
      watermark = Math.max(watermark, one.timestamp - (LAGS[index] ?? 0));
      quietSince = now;
      pace = 'going';
    }
    if (pace === 'going' && now >= quietSince + IDLE_TIMEOUT_MS) pace = 'idle';
  }
  return { watermark, pace };
};

const mergedOf = (streams: readonly { watermark: number; pace: TimeSource['pace'] }[]): number => {
  const going = streams.filter(({ pace }) => pace === 'going').map(({ watermark }) => watermark);
  return going.length > 0 ? Math.min(...going) : Math.max(...streams.map(({ watermark }) => watermark));
};

test('watermarks are those of a recomputation of all that came, with idle sources, returns, ends and crashes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let sources = sourcesOf();
      let merged = new MergedWatermark(sources);
      let now = 0;
      let highest = NONE;
      const look = (): void => {
        for (const one of sources) one.look(now);
      };
      look();
      for (const [index, one] of steps.entries()) {
        if (one.kind === 'item') sources[one.source]?.observe(one.timestamp);
        if (one.kind === 'wait') now += one.ms;
        if (one.kind === 'end') sources[one.source]?.end();
        if (one.kind === 'crash') {
          const states = sources.map(({ state }) => state);
          const { state } = merged;
          sources = sourcesOf();
          merged = new MergedWatermark(sources);
          for (const [at, stored] of states.entries())
            sources[at]?.restore({ ...stored, pace: stored.pace === 'ended' ? 'going' : stored.pace });
          merged.restore(state);
        }
        look();
        const expected = LAGS.map((_, at) => recomputed(at, steps.slice(0, index + 1)));
        assert.deepEqual(sources.map(({ watermark, pace }) => ({ watermark, pace })), expected); // biome-ignore format: one line
        highest = Math.max(highest, mergedOf(expected));
        assert.equal(merged.watermark, highest);
        assert.equal(timeOf(merged) === END_OF_TIME, expected.every(({ pace }) => pace === 'ended')); // biome-ignore format: one line
      }
    }),
    { numRuns: 2000 },
  );
});

test('a source is looked at again when it would become idle, and not after that', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.integer({ min: 1, max: 1000 }), (start, idleTimeoutMs) => {
      const one = new SourceWatermark({ name: 'x', allowedLagMs: 0, idleTimeoutMs });
      assert.equal(one.look(start), false);
      assert.equal(one.deadline(), start + idleTimeoutMs);
      assert.equal(one.look(start + idleTimeoutMs - 1), false);
      assert.equal(one.look(start + idleTimeoutMs), true);
      assert.equal(one.look(start + 2 * idleTimeoutMs), false);
      assert.equal(one.deadline(), Number.POSITIVE_INFINITY);
    }),
  );
});

test('behind timers the watermark waits for those that are due, and never goes back for one that was set to the past', () => {
  const dueStep = fc.record({
    kind: fc.constantFrom('observe' as const, 'set' as const, 'fire' as const, 'crash' as const),
    time: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(dueStep, { maxLength: 60 }), (steps) => {
      const upstream = new SourceWatermark({ name: 'x', allowedLagMs: 0, idleTimeoutMs: 1000 });
      let set: number[] = [];
      const first = (): number => Math.min(...set);
      let time = new TimersTime(upstream, first);
      let highest = NONE;
      for (const one of steps) {
        if (one.kind === 'observe') upstream.observe(one.time);
        if (one.kind === 'set') set.push(one.time);
        if (one.kind === 'crash') {
          const { state } = time;
          time = new TimersTime(upstream, first);
          time.restore(state);
        }
        if (one.kind === 'fire' && first() <= upstream.watermark) {
          const at = first();
          set = set.filter((other) => other !== at);
          time.begin(at);
          const during = Math.max(highest, at - 1);
          assert.equal(time.watermark, during);
          assert.equal(time.pace, 'going');
          highest = during;
          time.end();
        }
        const due = first() <= upstream.watermark ? first() - 1 : upstream.watermark;
        highest = Math.max(highest, due);
        assert.equal(time.watermark, highest);
      }
    }),
    { numRuns: 1000 },
  );
});

interface Waiting {
  readonly time: ItemTime;
  readonly timestamp: number;
  readonly watermark: number;
}

const pendingStep = fc.oneof(
  fc.record({ kind: fc.constant('arrive' as const), timestamp: fc.integer({ min: 0, max: 100 }) }),
  fc.constant({ kind: 'observe' as const, timestamp: 7 }),
  fc.record({ kind: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('drop' as const), count: fc.nat({ max: 2 }) }),
);

test('behind calls the watermark is that at the arrival of the oldest item that waits, else that in front of them', () => {
  fc.assert(
    fc.property(fc.array(pendingStep, { maxLength: 60 }), (steps) => {
      const upstream = new SourceWatermark({ name: 'x', allowedLagMs: 5, idleTimeoutMs: 1000 });
      const pending = new PendingTimes(upstream);
      let waiting: Waiting[] = [];
      let highest = NONE;
      for (const one of steps) {
        if (one.kind === 'observe' || one.kind === 'arrive') {
          upstream.observe(one.timestamp);
          highest = Math.max(highest, one.timestamp - 5);
        }
        if (one.kind === 'arrive') {
          const time = pending.arrive(one.timestamp);
          waiting.push({ time, timestamp: one.timestamp, watermark: highest });
        }
        if (one.kind === 'pass') {
          const last = waiting[Math.min(one.count, waiting.length) - 1];
          if (last !== undefined) {
            pending.begin(last.time);
            assert.equal(pending.watermark, last.watermark);
            pending.end(last.time);
          }
          waiting = waiting.slice(one.count);
        }
        if (one.kind === 'drop') {
          pending.drop(Math.min(one.count, waiting.length));
          waiting = waiting.slice(0, Math.max(0, waiting.length - one.count));
        }
        assert.equal(pending.watermark, waiting[0]?.watermark ?? highest);
        for (const { time, timestamp, watermark } of waiting) assert.deepEqual(time, { timestamp, watermark });
      }
    }),
    { numRuns: 1000 },
  );
});
