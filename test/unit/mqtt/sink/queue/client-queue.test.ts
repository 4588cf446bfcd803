import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryStrategies } from '../../../../../src/connector/retry/retry-strategies.js';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import { fc } from '../../../../support/fast-check.js';
import { cut, QueueRig } from '../../../../support/rigs/queue-rig.js';

const indicesOf = (published: readonly string[], topic: string): number[] =>
  published.filter((entry) => entry.startsWith(`${topic}:`)).map((entry) => Number(entry.slice(topic.length + 1)));

describe('ClientQueue', () => {
  it('has work while rows wait that the session takes, and none while they wait for its answers', () => {
    const rig = new QueueRig({ window: 1 });
    assert.equal(rig.queue.hasWork, false);
    rig.add();
    rig.add();
    assert.equal(rig.queue.hasWork, true);
    rig.queue.handleConnected(5, 0);
    rig.pump();
    assert.equal(rig.queue.hasWork, false, 'the window is full, and an answer is told');
    rig.answer(0, 'delivered');
    assert.equal(rig.queue.hasWork, true);
    rig.pump();
    rig.answer(1, 'delivered');
    rig.add('t', 0);
    rig.pump();
    assert.equal(rig.queue.hasWork, true, 'a message of QoS 0 is settled when its bytes have left');
    rig.queue.handleWritten();
    assert.equal(rig.queue.hasWork, false);
  });

  it('publishes in order, as many as the window takes, and goes on with each acknowledgement', () => {
    const rig = new QueueRig({ window: 2 });
    for (let i = 0; i < 4; i += 1) rig.add();
    rig.pump();
    assert.deepEqual(rig.published, [], 'nothing goes out while offline');
    rig.queue.handleConnected(5, 0);
    rig.pump();
    assert.deepEqual(rig.published, ['t:0', 't:1']);
    assert.equal(rig.queue.inflight, 2);
    assert.equal(rig.queue.buffered, 2);
    rig.answer(1, 'delivered');
    rig.pump();
    assert.deepEqual(rig.published, ['t:0', 't:1', 't:2']);
    assert.deepEqual(rig.outcome, ['delivered 1']);
  });

  it('a row is delivered once, and unknown sequence numbers change nothing', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    const message = rig.add();
    rig.pump();
    const delivered = { type: 'delivered', seq: 0, message, reasonCode: 0 } as const;
    rig.queue.handleEvents([delivered, delivered, { ...delivered, seq: 77 }], 0);
    assert.deepEqual(rig.outcome, ['delivered 0']);
    assert.equal(rig.queue.inflight, 0);
  });

  it('releases a QoS 2 message at once: nothing has to be stored first', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    const message = rig.add('t', 2);
    rig.pump();
    rig.queue.handleEvents([{ type: 'received', seq: 0, message, reasonCode: 0 }], 0);
    assert.deepEqual(rig.released, [0]);
    assert.deepEqual(rig.outcome, []);
  });

  it('does not publish again after a cut what the session sends again itself', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add();
    rig.pump();
    rig.queue.handleDisconnected(cut(), 0);
    rig.queue.handleConnected(5, 0);
    rig.pump();
    assert.deepEqual(rig.published, ['t:0']);
    rig.answer(0, 'delivered');
    assert.deepEqual(rig.outcome, ['delivered 0']);
  });

  it('a QoS 0 row is delivered when its bytes left, and lost when the connection ends before', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add('t', 0);
    rig.pump();
    assert.deepEqual(rig.outcome, []);
    rig.queue.handleWritten();
    rig.add('t', 0);
    rig.pump();
    rig.queue.handleDisconnected(cut(), 0);
    assert.deepEqual(rig.outcome, ['delivered 0', 'dropped 1 connection-lost']);
  });

  it('QoS 0 rows stay in the bounded queue while the socket takes nothing', () => {
    const rig = new QueueRig({ limits: { maxBufferedMessages: 3 } });
    rig.queue.handleConnected(5, 0);
    for (let i = 0; i < 5; i += 1) rig.add('t', 0, new Uint8Array(200 * 1024));
    rig.pump();
    assert.deepEqual(rig.published, ['t:0', 't:1']);
    assert.ok(rig.queue.full);
    rig.queue.handleWritten();
    rig.pump();
    assert.deepEqual(rig.published, ['t:0', 't:1', 't:2', 't:3']);
  });

  it('is full at its bound in count and at its bound in bytes, in flight included', () => {
    const byCount = new QueueRig({ limits: { maxBufferedMessages: 2 } });
    byCount.add();
    assert.ok(!byCount.queue.full);
    byCount.add();
    assert.ok(byCount.queue.full);
    const byBytes = new QueueRig({ limits: { maxBufferedBytes: 1000 } });
    byBytes.queue.handleConnected(5, 0);
    byBytes.add('t', 1, new Uint8Array(2000));
    byBytes.pump();
    assert.ok(byBytes.queue.full, 'what is in flight counts');
    byBytes.answer(0, 'delivered');
    assert.ok(!byBytes.queue.full);
  });

  it('drops the oldest or the newest while offline when told so, and never while online', () => {
    const oldest = new QueueRig({ limits: { maxBufferedMessages: 2, offlineOverflow: 'drop-oldest' } });
    for (let i = 0; i < 4; i += 1) oldest.add();
    assert.deepEqual(oldest.outcome, ['dropped 0 offline-overflow', 'dropped 1 offline-overflow']);
    assert.ok(!oldest.queue.full);
    oldest.queue.handleConnected(5, 0);
    assert.ok(oldest.queue.full);
    oldest.pump();
    assert.deepEqual(oldest.published, ['t:2', 't:3']);
    const newest = new QueueRig({ limits: { maxBufferedMessages: 2, offlineOverflow: 'drop-newest' } });
    for (let i = 0; i < 4; i += 1) newest.add();
    assert.deepEqual(newest.outcome, ['dropped 2 offline-overflow', 'dropped 3 offline-overflow']);
  });

  it('reports what a lost session gave up', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    const first = rig.add();
    rig.add();
    rig.pump();
    rig.queue.handleSessionLost([first]);
    assert.deepEqual(rig.outcome, ['dropped 0 session-lost']);
    assert.equal(rig.queue.inflight, 1);
  });

  it('gives up what cannot be sent, and goes on with the next', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add();
    rig.add();
    rig.publishError = new MillraceError('MESSAGE_TOO_LARGE', 'too large');
    rig.pump();
    assert.deepEqual(rig.outcome, ['rejected 0 MESSAGE_TOO_LARGE']);
    assert.deepEqual(rig.published, ['t:1']);
    rig.answer(1, 'delivered');
    assert.deepEqual(rig.outcome, ['rejected 0 MESSAGE_TOO_LARGE', 'delivered 1']);
  });

  it('keeps the row when the connection turns out to be gone', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add();
    rig.publishError = new MillraceError('INVALID_STATE', 'not connected');
    rig.pump();
    assert.deepEqual(rig.published, []);
    rig.queue.handleDisconnected(cut(), 0);
    rig.queue.handleConnected(5, 0);
    rig.pump();
    assert.deepEqual(rig.published, ['t:0']);
    assert.deepEqual(rig.outcome, []);
  });

  it('says that properties do not go out on 3.x', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(4, 0);
    const row = rig.add();
    row.properties = { contentType: 'x' };
    rig.pump();
    assert.deepEqual(rig.outcome, ['stripped 0']);
    assert.equal(row.properties, undefined);
    assert.deepEqual(rig.published, ['t:0']);
  });
});

describe('ClientQueue, a message that the broker closes at (R20a)', () => {
  /** Down to a window of one. */
  const searching = (retry = RetryStrategies.never()): QueueRig => {
    const rig = new QueueRig({ retry });
    rig.queue.handleConnected(5, 0);
    rig.lastOwed = 2;
    rig.queue.handleDisconnected(cut(), 0);
    rig.queue.handleConnected(5, 0);
    rig.pump();
    assert.equal(rig.paces.at(-1), 1);
    return rig;
  };

  it('at a window of one a QoS 0 message waits for its credit, too: it may be what the broker closes at', () => {
    const rig = searching();
    rig.noCredit = true;
    rig.add('t', 0);
    rig.add('t', 0);
    rig.pump();
    assert.deepEqual(rig.published, []);
    rig.noCredit = false;
    rig.pump();
    assert.deepEqual(rig.published.slice(0, 1), ['t:0']);
  });

  it('wants a control connection at one, and none once an answer has widened the window', () => {
    const rig = searching();
    assert.ok(rig.queue.wantsControl && rig.queue.usesControl);
    rig.add();
    rig.pump();
    rig.answer(0, 'delivered');
    assert.equal(rig.paces.at(-1), 2);
    assert.ok(!rig.queue.wantsControl && !rig.queue.usesControl);
  });

  it('asks the retry strategy after a DISCONNECT 0x97, and gives up when it is exhausted; after a close it does not', () => {
    for (const [code, outcome] of [
      [0x97, ['suspected 0', 'retried 0', 'blamed 0', 'rejected 0 RETRIES_EXHAUSTED']],
      [0x87, ['suspected 0', 'blamed 0', 'rejected 0 PUBLISH_REFUSED']],
    ] as const) {
      const rig = searching(RetryStrategies.custom().maxAttempts(1).intervalMs(1000).build());
      rig.add();
      rig.pump();
      rig.queue.handleControl('opening', rig.now);
      rig.queue.handleControl('accepted', rig.now);
      rig.lastOwed = 1;
      rig.lastAlone = 0;
      for (let end = 0; end < 8 && !rig.outcome.some((entry) => entry.startsWith('rejected')); end += 1) {
        const error = new MillraceError('DISCONNECTED_BY_BROKER', 'no', { reasonCode: code });
        rig.queue.handleDisconnected(error, rig.now);
        rig.queue.handleConnected(5, rig.now);
        for (rig.pump(); Number.isFinite(rig.queue.deadline()); rig.pump()) rig.now = rig.queue.deadline();
        rig.pump();
      }
      assert.deepEqual(rig.outcome, outcome);
      assert.deepEqual(rig.abandoned, [0]);
    }
  });
});

describe('ClientQueue, refused messages (R20)', () => {
  for (const code of [0x87, 0x90, 0x95, 0x99]) {
    it(`0x${code.toString(16)} is permanent, whatever the retry strategy says`, () => {
      const rig = new QueueRig({ retry: RetryStrategies.indefinitely(10) });
      rig.queue.handleConnected(5, 0);
      rig.add();
      rig.pump();
      rig.answer(0, code);
      assert.deepEqual(rig.outcome, ['rejected 0 PUBLISH_REFUSED']);
      assert.equal(rig.queue.deadline(), Number.POSITIVE_INFINITY);
    });
  }

  for (const code of [0x80, 0x83, 0x97]) {
    it(`0x${code.toString(16)} is published again after the interval, later rows of the topic wait, others go on`, () => {
      const rig = new QueueRig({ retry: RetryStrategies.indefinitely(100) });
      rig.queue.handleConnected(5, 0);
      rig.add('a');
      rig.pump();
      rig.answer(0, code);
      rig.add('a');
      rig.add('b');
      rig.add('a');
      rig.pump();
      assert.deepEqual(rig.published, ['a:0', 'b:2']);
      assert.equal(rig.queue.deadline(), 100);
      assert.equal(rig.queue.buffered, 3);
      rig.now = 99;
      rig.pump();
      assert.deepEqual(rig.published, ['a:0', 'b:2']);
      rig.now = 100;
      rig.pump();
      assert.deepEqual(rig.published, ['a:0', 'b:2', 'a:0'], 'the refused row alone feels the broker out');
      rig.answer(0, 'delivered');
      rig.pump();
      assert.deepEqual(rig.published, ['a:0', 'b:2', 'a:0', 'a:1', 'a:3']);
      rig.answerAll('delivered');
      rig.add('a');
      rig.pump();
      assert.deepEqual(rig.published.at(-1), 'a:4');
      assert.equal(rig.queue.buffered, 0);
    });
  }

  it('is published as a new message, with a new sequence number', () => {
    const rig = new QueueRig({ retry: RetryStrategies.indefinitely(0) });
    rig.queue.handleConnected(5, 0);
    const row = rig.add();
    rig.pump();
    assert.equal(row.seq, 0);
    rig.answer(0, 0x97);
    rig.pump();
    assert.equal(row.seq, 1);
    assert.equal(row.attempt, 2);
  });

  it('a whole refused window goes out again in order', () => {
    const rig = new QueueRig({ window: 5, retry: RetryStrategies.indefinitely(10) });
    rig.queue.handleConnected(5, 0);
    for (let i = 0; i < 8; i += 1) rig.add('a');
    rig.pump();
    rig.answerAll(0x97);
    rig.pump();
    rig.published.length = 0;
    for (rig.now = 10; rig.published.length < 8 && rig.now < 100; rig.now += 1) {
      rig.pump();
      rig.answerAll('delivered');
    }
    assert.deepEqual(indicesOf(rig.published, 'a'), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('is given up when the attempts are exhausted, and the rest of the topic goes on', () => {
    const rig = new QueueRig({ retry: RetryStrategies.custom().maxAttempts(1).intervalMs(10).build() });
    rig.queue.handleConnected(5, 0);
    rig.add('a');
    rig.pump();
    rig.answer(0, 0x97);
    rig.add('a');
    rig.now = 10;
    rig.pump();
    rig.answer(0, 0x97);
    rig.pump();
    assert.deepEqual(rig.outcome, ['retried 0', 'rejected 0 RETRIES_EXHAUSTED']);
    assert.deepEqual(rig.published, ['a:0', 'a:0', 'a:1']);
  });

  it('without a strategy the first refusal is final', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add();
    rig.pump();
    rig.answer(0, 0x97);
    assert.deepEqual(rig.outcome, ['rejected 0 PUBLISH_REFUSED']);
  });

  it('0x91 for a message that was never sent again is fatal (R9a)', () => {
    const rig = new QueueRig();
    rig.queue.handleConnected(5, 0);
    rig.add('t', 2);
    rig.pump();
    rig.answer(0, 0x91);
    assert.deepEqual(rig.outcome, ['failed ID_IN_USE']);
  });

  it('every row ends once and each topic keeps its order, whatever the broker refuses for now', () => {
    const step = fc.record({ refuse: fc.boolean(), topic: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rig = new QueueRig({ window: 1, retry: RetryStrategies.indefinitely(1) });
        rig.queue.handleConnected(5, 0);
        for (const { topic } of steps) rig.add(topic);
        const refusals = steps.map(({ refuse }) => refuse);
        const delivered: string[] = [];
        for (let round = 0; delivered.length < steps.length && round < 1000; round += 1) {
          rig.now += 1;
          rig.pump();
          const entry = rig.published.splice(0)[0];
          if (entry === undefined) continue;
          const index = Number(entry.split(':')[1]);
          if (refusals.pop()) rig.answer(index, 0x97);
          else {
            rig.answer(index, 'delivered');
            delivered.push(entry);
          }
        }
        assert.equal(new Set(delivered).size, steps.length);
        for (const topic of ['a', 'b', 'c']) {
          const indices = indicesOf(delivered, topic);
          assert.deepEqual(
            indices,
            indices.toSorted((x, y) => x - y),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});
