import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Meeting } from '../../../../src/pipeline/time/meeting.js';
import { StreamsBehind } from '../../../../src/pipeline/time/streams-behind.js';
import type { Pace } from '../../../../src/pipeline/time/time-source.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 11, 1, 12);

interface Moved {
  watermark: number;
  pace: Pace;
}

const going = (watermark: number): Moved => ({ watermark, pace: 'going' });

/** Two streams that meet; `told` is what is found in so many minutes, looked for each second. */
const met = (slow: Moved, fast: Moved, options = { allowedLagMs: 0, idleTimeoutMs: MINUTE }) => {
  const meeting: Meeting = [
    { stage: 'slow', time: slow },
    { stage: 'fast', time: fast },
  ];
  const behind = new StreamsBehind({ meetings: [meeting], ...options });
  let now = NOON;
  return (minutes: number, eachSecond: () => void = () => {}) => {
    const told: unknown[] = [];
    for (let end = now + minutes * MINUTE; now < end; now += 1000) {
      eachSecond();
      told.push(...behind.look(now));
    }
    return told;
  };
};

describe('a stream that is behind others', () => {
  it('is told once where its timestamps are in seconds', () => {
    const slow = going(NOON / 1000);
    const fast = going(NOON);
    const told = met(slow, fast)(24 * 60, () => {
      slow.watermark += 1;
      fast.watermark += 1000;
    });

    const [first] = told as { watermarkMs: number; behindMs: number }[];
    assert.equal(told.length, 1);
    assert.deepEqual(first, {
      stage: 'slow',
      watermarkMs: NOON / 1000 + 121,
      behindMs: NOON - NOON / 1000 + 121 * 999,
      ahead: { stage: 'fast' },
      forMs: 2 * MINUTE,
    });
  });

  it('is told where it is an hour behind for good, as with the time of another zone', () => {
    const slow = going(NOON - HOUR);
    const fast = going(NOON);
    const told = met(slow, fast)(60, () => {
      slow.watermark += 1000;
      fast.watermark += 1000;
    });
    assert.equal(told.length, 1);
  });

  it('is told anew each time that it is twice as far behind', () => {
    const fast = going(NOON);
    const told = met(going(NOON), fast)(24 * 60, () => {
      fast.watermark += 1000;
    });
    const behind = (told as { behindMs: number }[]).map(({ behindMs }) => Math.round(behindMs / MINUTE));
    assert.ok(behind.length >= 5 && behind.length <= 6, `${behind}`);
    for (const [index, one] of behind.slice(1).entries()) assert.ok(one >= 2 * (behind[index] ?? 0) - 1, `${behind}`);
  });

  it('is not told while it catches up, however far behind it is', () => {
    const slow = going(NOON - 24 * HOUR);
    const fast = going(NOON);
    const told = met(slow, fast)(20 * 60, () => {
      slow.watermark += 2000;
      fast.watermark += 1000;
    });
    assert.deepEqual(told, []);
  });

  it('is not told while all catch up and one is faster, as after an outage of the job', () => {
    const slow = going(NOON - 24 * HOUR);
    const fast = going(NOON - 24 * HOUR);
    const told = met(slow, fast)(20, () => {
      slow.watermark += 20_000;
      fast.watermark += 60_000;
    });
    assert.deepEqual(told, []);
  });

  it('is told where the other one is idle most of the time', () => {
    const slow = going(NOON / 1000);
    const fast = going(NOON);
    let second = 0;
    const told = met(slow, fast)(60, () => {
      slow.watermark += 1;
      if (second % 300 === 0) fast.watermark = NOON + second * 1000;
      fast.pace = second % 300 < 60 ? 'going' : 'idle';
      second += 1;
    });
    assert.equal(told.length, 1);
  });

  it('is told anew when it had brought nothing and begins far behind', () => {
    const slow = going(Number.NEGATIVE_INFINITY);
    const minutes = met(slow, going(NOON), { allowedLagMs: 0, idleTimeoutMs: 0 });
    assert.equal(minutes(60).length, 1);
    slow.watermark = NOON / 1000;
    const told = minutes(60) as { watermarkMs: number }[];
    assert.deepEqual(
      told.map(({ watermarkMs }) => watermarkMs),
      [NOON / 1000],
    );
  });

  it('is not told below half an hour, or below what the pipeline lets items lag', () => {
    const near = met(going(NOON - 29 * MINUTE), going(NOON));
    assert.deepEqual(near(60), []);
    const lagging = met(going(NOON - 24 * HOUR), going(NOON), { allowedLagMs: 24 * HOUR, idleTimeoutMs: MINUTE });
    assert.deepEqual(lagging(60), []);
  });

  it('is not told when it is idle, or has ended', () => {
    for (const pace of ['idle', 'ended'] as const)
      assert.deepEqual(met({ watermark: 0, pace }, going(NOON))(60), [], pace);
    const both = { watermark: 0, pace: 'idle' } as const;
    assert.deepEqual(met(both, { watermark: NOON, pace: 'idle' })(60), [], 'nor when all are');
  });

  it('is told where it never becomes idle, and has brought nothing', () => {
    const told = met(going(Number.NEGATIVE_INFINITY), going(NOON), { allowedLagMs: 0, idleTimeoutMs: 0 })(60);
    assert.deepEqual(told, [
      { stage: 'slow', watermarkMs: undefined, behindMs: undefined, ahead: { stage: 'fast' }, forMs: MINUTE },
    ]);
  });

  it('is told with the partition from which it comes', () => {
    const senders = [NOON, NOON - 2 * HOUR].map((at, from) => ({ stage: 'exchange x', from, time: going(at) }));
    const behind = new StreamsBehind({ meetings: [senders], allowedLagMs: 0, idleTimeoutMs: 0 });
    behind.look(NOON);
    const [found] = behind.look(NOON + MINUTE);
    assert.deepEqual([found?.stage, found?.from, found?.ahead], ['exchange x', 1, { stage: 'exchange x', from: 0 }]);
  });
});
