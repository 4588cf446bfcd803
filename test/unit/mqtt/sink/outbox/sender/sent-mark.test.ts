import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MarkBounds, SentMark } from '../../../../../../src/mqtt/sink/outbox/sender/sent-mark.js';

const WINDOW = 10;

/** A mark at 100 of an outbox whose rows below 100 are done. */
const markAt100 = (): SentMark => {
  const mark = new SentMark({ mark: 100, next: 100 });
  mark.open(WINDOW);
  return mark;
};

const bounds = (changes: Partial<MarkBounds> = {}): MarkBounds => ({
  low: 100,
  end: 100_000,
  online: true,
  unanswered: 0,
  ...changes,
});

describe('SentMark (R7, R8a)', () => {
  it('runs one window ahead of the highest row that was published, and only to the last stored one', () => {
    const mark = markAt100();
    assert.equal(mark.seal(bounds({ end: 104 })), 104);
    assert.equal(mark.seal(bounds()), 110);
    mark.pass(107);
    mark.pass(103);
    assert.equal(mark.seal(bounds()), 118);
  });

  it('lets rows out only by what is durable, and never falls within an epoch', () => {
    const mark = markAt100();
    const sealed = mark.seal(bounds());
    assert.equal(mark.durable, 100);
    mark.commit(sealed);
    mark.commit(sealed - 5);
    assert.equal(mark.durable, 110);
    mark.open(2);
    assert.equal(mark.seal(bounds()), 110, 'a smaller window takes nothing back');
  });

  it('R11: stays less than 60000 above the lowest incomplete row', () => {
    const mark = markAt100();
    mark.pass(60_095);
    assert.equal(mark.seal(bounds()), 60_099);
  });

  it('R23: does not run ahead while there is no connection, but takes in what was dropped above it', () => {
    const mark = markAt100();
    assert.equal(mark.seal(bounds({ online: false })), 100);
    assert.ok(!mark.isShort(bounds({ online: false })));
    mark.pass(104);
    assert.equal(mark.seal(bounds({ online: false })), 105);
  });

  it('R5: falls to the low-water mark with another epoch', () => {
    const mark = markAt100();
    mark.commit(mark.seal(bounds()));
    mark.forget(102);
    assert.equal(mark.durable, 102);
    assert.equal(mark.seal(bounds({ low: 102, online: false })), 102);
  });

  it('is short from half a window before its end on', () => {
    const mark = markAt100();
    mark.seal(bounds());
    mark.pass(103);
    assert.ok(!mark.isShort(bounds()));
    mark.pass(104);
    assert.ok(mark.isShort(bounds()));
  });

  it('is not short of rows that are not stored, nor of room that only a broker can make', () => {
    const mark = markAt100();
    mark.seal(bounds());
    mark.pass(104);
    assert.ok(!mark.isShort(bounds({ end: 110 })));
    assert.ok(!mark.isShort(bounds({ unanswered: WINDOW - 5 })), 'five more are allowed, and five more fit');
    assert.ok(mark.isShort(bounds({ unanswered: WINDOW - 6 })));
  });
});
