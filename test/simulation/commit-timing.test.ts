import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onDiagnostic } from '../../src/metrics/diagnostics.js';
import { LIMIT } from '../support/limits.js';
import { playFlow } from '../support/sim/sim-flow.js';

/* When commits are sealed, by what it leads to: the real program in virtual time, between brokers that answer at once. */

const NEAR = { minMs: 0.03, maxMs: 0.08 };
const FAST_DISK = { minMs: 0.3, maxMs: 0.5 };
const SLOW_DISK = { minMs: 3, maxMs: 6 };

for (const [disk, speed] of [
  ['fast', FAST_DISK],
  ['slow', SLOW_DISK],
] as const) {
  test(`of a window of 20 nearly all share a commit where a message takes two: a ${disk} disk`, LIMIT, async (t) => {
    const flow = { window: 20, link: NEAR, disk: speed, messages: 600, everyMs: 0 };
    const { messagesPerCommit } = await playFlow(flow);
    t.diagnostic(`${messagesPerCommit.toFixed(1)} messages per commit`);
    // each that is sealed before its answers has a part of them: then it is nine
    assert.ok(messagesPerCommit >= 18);
  });
}

test(
  'a message that is alone has two commits on its way, for its row and its answers, and waits for no timer',
  LIMIT,
  async (t) => {
    const flow = { window: 20, link: NEAR, disk: FAST_DISK, messages: 20, everyMs: 2500 };
    const { medianMs, messagesPerCommit } = await playFlow(flow);
    t.diagnostic(`${medianMs.toFixed(2)} ms at the median, ${(1 / messagesPerCommit).toFixed(1)} commits per message`);
    // the third one is that of its completion, a second later, when nobody waits (R9a)
    assert.ok(messagesPerCommit >= 0.3);
    // two commits of 0.4 ms, four portions of a network of 0.06 ms, and the work: less than any timer
    assert.ok(medianMs < 1.5);
  },
);

/** Milliseconds at the median and at the 99th percentile, as they are where each commit is sealed as soon as the last one is durable. */
const SEALED_AT_ONCE = [
  { perSecond: 1, messages: 20, medianMs: 1.46, p99Ms: 1.84 },
  { perSecond: 100, messages: 200, medianMs: 1.71, p99Ms: 2.01 },
  { perSecond: 1000, messages: 1500, medianMs: 1.91, p99Ms: 2.46 },
  { perSecond: 5000, messages: 3000, medianMs: 2.07, p99Ms: 2.55 },
] as const;

for (const { perSecond, messages, medianMs, p99Ms } of SEALED_AT_ONCE) {
  test(`answers that are waited for cost no time at ${perSecond} messages/s`, LIMIT, async (t) => {
    const flow = { window: 1000, link: NEAR, disk: FAST_DISK, messages, everyMs: 1000 / perSecond };
    const figures = await playFlow(flow);
    t.diagnostic(
      `${figures.medianMs.toFixed(2)} and ${figures.p99Ms.toFixed(2)} ms, in place of ${medianMs} and ${p99Ms}`,
    );
    assert.ok(figures.medianMs <= medianMs);
    assert.ok(figures.p99Ms <= p99Ms);
  });
}

test('messages that come while a commit is under way, or waits for answers, are taken together', LIMIT, async (t) => {
  let portions = 0;
  using _ = onDiagnostic('hand-over', () => {
    portions += 1;
  });
  await playFlow({ window: 1000, link: NEAR, disk: FAST_DISK, messages: 3000, everyMs: 0.2 });
  t.diagnostic(`${(3000 / portions).toFixed(2)} messages at once`);
  // each is taken by itself where it wakes the engine
  assert.ok(portions < 3000 * 0.75);
});
