import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';
import { agedProperties, expiryTime, hasExpired } from '../../../../../src/mqtt/sink/message/message-expiry.js';
import { Row } from '../../../../../src/mqtt/sink/message/row.js';
import { readOutboxState } from '../../../../../src/mqtt/sink/outbox/sender/outbox-state.js';
import { RowCodec } from '../../../../../src/mqtt/sink/outbox/sender/row-codec.js';
import { OutboxRig } from '../../../../support/rigs/outbox-rig.js';
import { QueueRig } from '../../../../support/rigs/queue-rig.js';

const expiring = (index: number, { seconds = 2, sinceMs = 0, qos = 1 as 0 | 1 | 2 } = {}): Row =>
  new Row(index, {
    topic: 't',
    payload: new Uint8Array(1),
    qos,
    retain: false,
    properties: { messageExpiryInterval: seconds },
    expiresAtMs: expiryTime(seconds, sinceMs),
  });

describe('what is left of a Message Expiry Interval (R23)', () => {
  const left = (wallMs: number, wholeS = 10): number | undefined =>
    agedProperties({ messageExpiryInterval: wholeS }, { expiresAtMs: wholeS * 1000, wholeS, wallMs })
      .messageExpiryInterval;

  it('is the whole at first, less each second that it was held, and never below 1 or above the whole', () => {
    assert.deepEqual(
      [0, 999, 1000, 1001, 9000, 9999, 10_000, 99_000].map((ms) => left(ms)),
      [10, 10, 9, 9, 1, 1, 1, 1],
    );
    assert.equal(left(-3_600_000), 10, 'the clock was set back');
  });

  it('counts from when the message was made, or from the time that it says; 0 and none never expire', () => {
    const encode = messageEncoder<number | undefined>(
      (messageExpiryInterval) => ({
        payload: 'x',
        topic: 't',
        properties: { messageExpiryInterval },
        timestampMs: 1000,
      }),
      { topic: undefined, qos: 1, retain: false },
    );
    assert.equal(encode(5, 5).expiresAtMs, 6000);
    assert.equal(encode(0, 5).expiresAtMs, undefined);
    assert.equal(encode(undefined, 5).expiresAtMs, undefined);
    const now = messageEncoder<number>(
      () => ({ payload: 'x', topic: 't', properties: { messageExpiryInterval: 60 } }),
      {
        topic: undefined,
        qos: 1,
        retain: false,
      },
    );
    assert.ok(Math.abs((now(0, 5).expiresAtMs ?? 0) - Date.now() - 60_000) < 5000);
  });

  it('is over at its time', () => {
    assert.deepEqual(
      [1999, 2000].map((ms) => hasExpired(expiring(0), ms)),
      [false, true],
    );
  });

  it('stands in the row of an outbox; rows of before, without a time, are read', () => {
    const codec = new RowCodec();
    const content = {
      topic: 't',
      payload: new Uint8Array([1]),
      qos: 2,
      retain: false,
      properties: { messageExpiryInterval: 7 },
    } as const;
    const old = codec.encode(content);
    assert.equal(old[0], 1, 'as version 1 wrote it');
    assert.equal(codec.decode(old).expiresAtMs, undefined);
    const timed = codec.decode(codec.encode({ ...content, expiresAtMs: 1_790_000_000_123 }));
    assert.equal(timed.expiresAtMs, 1_790_000_000_123);
    assert.deepEqual([timed.topic, timed.properties, [...timed.payload]], ['t', content.properties, [1]]);
    assert.equal(
      codec.decode(codec.encode({ ...content, properties: undefined, expiresAtMs: 5 })).expiresAtMs,
      5,
      '3.x',
    );
  });
});

describe('ClientQueue: messages that expire (R23, L6)', () => {
  it('drops what expired while it waited, counted by its reason, on 3.x too; the rest goes out with what is left', () => {
    for (const version of [5, 4] as const) {
      const rig = new QueueRig();
      rig.queue.enqueue(expiring(0));
      rig.queue.enqueue(expiring(1, { seconds: 10 }));
      rig.queue.handleConnected(version, 0);
      rig.now = 5000;
      rig.pump();
      assert.deepEqual(rig.outcome.slice(0, 1), ['dropped 0 expired']);
      assert.deepEqual(rig.published, ['t:1']);
      if (version === 5) assert.equal(rig.sent.at(-1)?.properties?.messageExpiryInterval, 5);
    }
  });

  it('never drops one whose flow has begun: after a cut it goes out again with what is left, at least 1', () => {
    const rig = new QueueRig();
    const row = expiring(0);
    rig.queue.enqueue(row);
    rig.queue.handleConnected(5, 0);
    rig.pump();
    rig.queue.handleDisconnected(rig.cutError, 0);
    assert.equal(rig.paces.at(-1), 0, 'the session waits for the clock');
    rig.now = 60_000;
    rig.queue.handleConnected(5, rig.now);
    rig.pump();
    assert.equal(rig.paces.at(-1), Number.POSITIVE_INFINITY);
    assert.equal(row.properties?.messageExpiryInterval, 1);
    assert.deepEqual(rig.outcome, []);
  });

  it('nothing is held for the clock where nothing expires', () => {
    const rig = new QueueRig();
    rig.add();
    rig.queue.handleConnected(5, 0);
    rig.pump();
    rig.queue.handleDisconnected(rig.cutError, 0);
    assert.deepEqual(rig.paces, []);
  });
});

describe('an outbox with messages that expire (R23)', () => {
  it('drops what expired above the sent mark as a completion, which the next commit says, and goes on', () => {
    const rig = new OutboxRig({ window: 2 });
    rig.add(4, { expiresAtMs: 1000, properties: { messageExpiryInterval: 1 } });
    rig.add(1);
    rig.now = 5000;
    rig.commit();
    assert.deepEqual(rig.take(), []);
    const { low } = rig.commit();
    assert.equal(low, 4);
    assert.deepEqual(rig.take(), ['publish 4']);
    assert.equal(rig.restart().birth.sent.length, 1);
  });

  it('over a restart: what stood above the mark is dropped, what stood under it has begun and goes on (asked wrongly)', () => {
    const rig = new OutboxRig({ window: 1 });
    rig.add(1, { expiresAtMs: 1000, properties: { messageExpiryInterval: 1 } });
    rig.commit();
    assert.deepEqual(rig.take(), ['publish 0']);
    rig.outbox.queue.handleDisconnected(rig.cutError, 0);
    rig.add(1, { expiresAtMs: 1000, properties: { messageExpiryInterval: 1 } });
    rig.commit();
    const next = rig.restart({ window: 10 });
    assert.deepEqual(
      [next.birth.sent.map(({ index }) => index), next.birth.mark],
      [[0], 1],
      'the mark does not run ahead offline',
    );
    next.now = 5000;
    next.pump();
    next.commit();
    const { state } = next.commit();
    assert.deepEqual(next.take(), []);
    assert.deepEqual([...(readOutboxState(state)?.done ?? [])], [1, 2], 'row 1 is complete, row 0 is not');
    assert.equal(next.birth.sent[0]?.properties?.messageExpiryInterval, 1);
  });
});
