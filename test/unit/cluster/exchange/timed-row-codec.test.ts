import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endRow } from '../../../../src/cluster/exchange/edge/row-kind.js';
import { decodeRow, encodeRow } from '../../../../src/cluster/exchange/row-codec.js';
import { decodeTimedRow, encodeTimedRow, encodeTimeRow } from '../../../../src/cluster/exchange/timed-row-codec.js';
import { MillraceError } from '../../../../src/errors/index.js';

const NEVER = Number.NEGATIVE_INFINITY;

const throwsCode = (work: () => unknown, code: string) =>
  assert.throws(work, (error: unknown) => error instanceof MillraceError && error.code === code);

describe('rows of items with a time', () => {
  it('come back as they were, with the partition that sent them', () => {
    for (const [timestamp, watermark] of [
      [0, NEVER],
      [-5000, -7000],
      [1_800_000_000_123, 1_800_000_000_000],
    ] as const) {
      const item = { device: 'x', at: timestamp };
      const arrival = decodeTimedRow(encodeTimedRow(300, { timestamp, watermark }, item));
      assert.deepEqual({ ...arrival }, { from: 300, timestamp, watermark, pace: 'going', item });
    }
  });

  it('tell the time alone, and whether more is to be expected', () => {
    for (const pace of ['going', 'idle', 'ended'] as const) {
      const arrival = decodeTimedRow(encodeTimeRow(2, { watermark: 77, pace }));
      assert.deepEqual({ ...arrival }, { from: 2, watermark: 77, pace, timestamp: undefined, item: undefined });
    }
  });

  it('are told from those of other kinds', () => {
    assert.equal(decodeTimedRow(encodeRow('item')), undefined);
    assert.equal(decodeTimedRow(endRow(3)), undefined);
    // as a version reads them that knows no time
    throwsCode(() => decodeRow(encodeTimedRow(0, { timestamp: 1, watermark: 1 }, 'item')), 'STORE_VERSION');
    throwsCode(() => decodeRow(encodeTimeRow(0, { watermark: 1, pace: 'idle' })), 'STORE_VERSION');
  });

  it('are corrupt where they are cut short, or of a pace that there is not', () => {
    const item = encodeTimedRow(0, { timestamp: 1, watermark: 1 }, '');
    for (let end = 1; end < 22; end += 1) throwsCode(() => decodeTimedRow(item.subarray(0, end)), 'STORE_CORRUPT');
    const time = encodeTimeRow(0, { watermark: 1, pace: 'ended' });
    for (let end = 1; end < time.byteLength; end += 1)
      throwsCode(() => decodeTimedRow(time.subarray(0, end)), 'STORE_CORRUPT');
    time[time.byteLength - 1] = 9;
    throwsCode(() => decodeTimedRow(time), 'STORE_CORRUPT');
  });
});
