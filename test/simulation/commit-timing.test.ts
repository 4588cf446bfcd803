import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  test(
    `of a window of 20 at least 10 messages share a commit, since it takes two for each: a ${disk} disk`,
    LIMIT,
    async (t) => {
      const flow = { window: 20, link: NEAR, disk: speed, messages: 600, everyMs: 0 };
      const { messagesPerCommit } = await playFlow(flow);
      t.diagnostic(`${messagesPerCommit.toFixed(1)} messages per commit`);
      assert.ok(messagesPerCommit >= 10);
    },
  );
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
