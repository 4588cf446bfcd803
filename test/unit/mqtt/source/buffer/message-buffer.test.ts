import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QualityOfService } from '../../../../../src/mqtt/protocol/quality-of-service.js';
import { MessageBuffer, type Qos0Overflow } from '../../../../../src/mqtt/source/buffer/message-buffer.js';
import { fc } from '../../../../support/fast-check.js';
import { messageEvent } from '../../../../support/wire/message-event.js';

const bufferOf = (qos0Overflow: Qos0Overflow, most = 3, maxBytes = 1_000_000) =>
  new MessageBuffer({ maxQos0Messages: most, maxReliableMessages: most, maxBytes, qos0Overflow });

const pushAll = (buffer: MessageBuffer, qualities: readonly QualityOfService[], from = 1): void => {
  for (const [index, qos] of qualities.entries()) buffer.push(messageEvent({ token: from + index, qos }));
};

const drain = (buffer: MessageBuffer): number[] => {
  const tokens: number[] = [];
  for (let event = buffer.shift(); event !== undefined; event = buffer.shift()) tokens.push(event.token);
  return tokens;
};

describe('message buffer', () => {
  it('gives messages of all QoS in the order of arrival', () => {
    const buffer = bufferOf('drop-oldest', 100);
    pushAll(buffer, [1, 0, 2, 0, 0, 1, 2, 2, 0]);
    assert.deepEqual(drain(buffer), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(buffer.bytes, 0);
  });

  it('drop-oldest keeps the newest QoS 0 messages and every other message', () => {
    const buffer = bufferOf('drop-oldest');
    pushAll(buffer, [0, 1, 0, 0, 2, 0, 0]);
    assert.equal(buffer.takeDropped(), 2);
    assert.equal(buffer.takeDropped(), 0);
    assert.deepEqual(drain(buffer), [2, 4, 5, 6, 7]);
  });

  it('drop-newest keeps the oldest QoS 0 messages and every other message', () => {
    const buffer = bufferOf('drop-newest');
    pushAll(buffer, [0, 1, 0, 0, 2, 0, 0]);
    assert.equal(buffer.takeDropped(), 2);
    assert.deepEqual(drain(buffer), [1, 2, 3, 4, 5]);
  });

  it('pause drops nothing and asks to stop reading until half the bound is free', () => {
    const buffer = bufferOf('pause', 4);
    pushAll(buffer, [0, 0, 0]);
    assert.equal(buffer.full, false);
    pushAll(buffer, [0, 0], 4);
    assert.equal(buffer.full, true);
    assert.equal(buffer.takeDropped(), 0);
    for (const drained of [false, false, false, true]) {
      buffer.shift();
      assert.equal(buffer.drained, drained);
    }
  });

  it('asks to stop reading for QoS 1 and 2 by bytes and by count, whatever the policy', () => {
    const byBytes = bufferOf('drop-oldest', 100, 500);
    byBytes.push(messageEvent({ token: 1, qos: 1, payload: new Uint8Array(10) }));
    assert.equal(byBytes.full, false);
    byBytes.push(messageEvent({ token: 2, qos: 2, payload: new Uint8Array(10) }));
    assert.equal(byBytes.full, true);
    const byCount = bufferOf('drop-newest', 2);
    pushAll(byCount, [1, 2]);
    assert.equal(byCount.full, true);
  });

  it('has a bound for QoS 0 and another for QoS 1 and 2', () => {
    const limits = { maxQos0Messages: 4, maxReliableMessages: 2, maxBytes: 1000, qos0Overflow: 'pause' } as const;
    const buffer = new MessageBuffer(limits);
    pushAll(buffer, [0, 1, 0, 0]);
    assert.equal(buffer.full, false);
    pushAll(buffer, [2], 5);
    assert.equal(buffer.full, true);
    drain(buffer);
    pushAll(buffer, [0, 0, 0], 6);
    assert.equal(buffer.full, false);
    pushAll(buffer, [0], 9);
    assert.equal(buffer.full, true);
  });

  it('counts properties against the byte bound', () => {
    const buffer = bufferOf('drop-oldest', 100, 1000);
    const userProperties = [['key', 'v'.repeat(996)]] as const;
    buffer.push(messageEvent({ token: 1, qos: 1, properties: { userProperties } }));
    assert.equal(buffer.full, true);
  });

  it('takes a QoS 0 message larger than the bound when it is alone, and drops it for the next', () => {
    const buffer = bufferOf('drop-oldest', 100, 5);
    buffer.push(messageEvent({ token: 1, qos: 0, payload: new Uint8Array(50) }));
    assert.equal(buffer.count, 1);
    buffer.push(messageEvent({ token: 2, qos: 0 }));
    assert.deepEqual(drain(buffer), [2]);
    assert.equal(buffer.takeDropped(), 1);
  });

  it('gives out no QoS 1 message of a lost connection while its fate is open, and everything else', () => {
    const buffer = bufferOf('drop-oldest', 100);
    pushAll(buffer, [1, 2, 0, 1]);
    buffer.holdQos1();
    assert.equal(buffer.count, 2);
    assert.equal(buffer.heldCount, 2);
    assert.deepEqual(drain(buffer), [2, 3]);
  });

  it('forgets the held copies when the broker sends them again', () => {
    const buffer = bufferOf('drop-oldest', 100);
    pushAll(buffer, [1, 2, 0, 1]);
    buffer.holdQos1();
    assert.equal(buffer.discardHeld(), 2);
    pushAll(buffer, [1, 1], 5);
    assert.deepEqual(drain(buffer), [2, 3, 5, 6]);
    assert.equal(buffer.bytes, 0);
  });

  it('gives the held copies their place back when nobody sends them again', () => {
    const buffer = bufferOf('drop-oldest', 100);
    pushAll(buffer, [1, 2, 0, 1]);
    buffer.holdQos1();
    buffer.holdQos1();
    buffer.releaseHeld();
    pushAll(buffer, [1], 5);
    assert.deepEqual(drain(buffer), [1, 2, 3, 4, 5]);
  });

  it('never loses or reorders QoS 1 and 2 messages and never exceeds the QoS 0 bound', () => {
    const action = fc.oneof(
      fc.constantFrom<QualityOfService>(0, 1, 2).map((qos) => ({ push: qos })),
      fc.constant('shift' as const),
      fc.constant('cut' as const),
    );
    fc.assert(
      fc.property(fc.constantFrom<Qos0Overflow>('drop-oldest', 'drop-newest'), fc.array(action), (policy, actions) => {
        const buffer = bufferOf(policy, 4);
        let token = 0;
        let dropped = 0;
        const given: number[] = [];
        const reliable: number[] = [];
        for (const step of actions) {
          if (step === 'shift') given.push(buffer.shift()?.token ?? 0);
          else if (step === 'cut') {
            buffer.holdQos1();
            buffer.releaseHeld();
          } else {
            token += 1;
            if (step.push > 0) reliable.push(token);
            buffer.push(messageEvent({ token, qos: step.push }));
          }
          dropped += buffer.takeDropped();
        }
        const all = [...given.filter((each) => each > 0), ...drain(buffer)];
        assert.deepEqual(
          all,
          [...all].sort((a, b) => a - b),
        );
        assert.equal(all.length, token - dropped);
        assert.ok(reliable.every((each) => all.includes(each)));
      }),
    );
  });

  it('counts what a message takes in memory: each property many times its bytes on the wire', () => {
    const buffer = bufferOf('pause', 100, 1_000_000);
    const userProperties = Array.from({ length: 1000 }, () => ['', ''] as const);
    buffer.push(messageEvent({ token: 1, qos: 1, properties: { userProperties } }));
    assert.ok(buffer.bytes >= 86_000, `${buffer.bytes} bytes for a thousand user properties`);
    buffer.shift();
    assert.equal(buffer.bytes, 0);
    buffer.push(messageEvent({ token: 2, qos: 1, properties: { subscriptionIdentifiers: new Array(1000).fill(1) } }));
    assert.ok(buffer.bytes >= 12_000, `${buffer.bytes} bytes for a thousand identifiers`);
  });

  it('counts the chunk that a small payload holds, once for the messages of it that follow each other', () => {
    const buffer = bufferOf('pause', 100, 1_000_000);
    const chunk = new ArrayBuffer(65_536);
    buffer.push(messageEvent({ token: 1, qos: 1, payload: new Uint8Array(chunk, 10, 4) }));
    const one = buffer.bytes;
    assert.ok(one > 65_536);
    buffer.push(messageEvent({ token: 2, qos: 1, payload: new Uint8Array(chunk, 14, 4) }));
    assert.ok(buffer.bytes - one < 1000);
    buffer.push(messageEvent({ token: 3, qos: 1, payload: new Uint8Array(new ArrayBuffer(65_536), 0, 4) }));
    assert.ok(buffer.bytes > 2 * 65_536);
    drain(buffer);
    assert.equal(buffer.bytes, 0);
  });
});
