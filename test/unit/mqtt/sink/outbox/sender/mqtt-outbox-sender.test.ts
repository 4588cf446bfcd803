import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryStrategies } from '../../../../../../src/connector/retry/retry-strategies.js';
import { MillraceError } from '../../../../../../src/errors/millrace-error.js';
import { delivered, OutboxRig, received, refused } from '../../../../../support/rigs/outbox-rig.js';

const SLOWLY = RetryStrategies.indefinitely(100);

describe('an MQTT outbox', () => {
  it('R7: a row is sent after its own commit, not before, and needs no second one', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.seal();
    rig.pump();
    assert.deepEqual(rig.take(), []);
    rig.storeOldest();
    rig.pump();
    assert.deepEqual(rig.take(), ['publish 0', 'publish 1']);
  });

  it('R8a: the sent mark runs one window ahead of what was sent, and a row above it waits', () => {
    const rig = new OutboxRig({ window: 3 });
    rig.add(10);
    assert.deepEqual(rig.commit().state, stateOf({ mark: 3 }));
    assert.deepEqual(rig.take(), ['publish 0', 'publish 1', 'publish 2']);
    rig.answer(delivered(0), delivered(1));
    rig.pump();
    assert.deepEqual(rig.take(), [], 'there is room, but the mark is not durable');
    assert.equal(rig.outbox.urgency, 'now');
    assert.deepEqual(rig.commit().state, stateOf({ low: 2, mark: 6 }));
    assert.deepEqual(rig.take(), ['publish 3', 'publish 4']);
  });

  it('R8a: a full window asks for no further mark before a PUBREC, whose commit moves it', () => {
    const rig = new OutboxRig({ window: 2 });
    rig.add(6);
    rig.commit();
    assert.deepEqual(rig.take(), ['publish 0', 'publish 1']);
    assert.equal(rig.outbox.urgency, 'none');
    rig.answer(received(0), received(1));
    assert.equal(rig.outbox.urgency, 'now');
    assert.deepEqual(rig.commit().state, stateOf({ mark: 4, received: [0, 2] }));
    assert.deepEqual(rig.take(), ['release 0', 'release 1']);
    assert.equal(rig.outbox.urgency, 'none');
    rig.answer(delivered(0), delivered(1));
    rig.pump();
    assert.deepEqual(rig.take(), ['publish 2', 'publish 3'], 'no other commit was needed');
  });

  it('R8a: room that needs no commit asks for a further mark at once', () => {
    const rows = [{ qos: 1 as const }, { qos: 2 as const }];
    for (const [row, answer] of [
      [rows[0], delivered(0)],
      [rows[1], refused(0, 0x87)],
    ] as const) {
      const rig = new OutboxRig({ window: 2 });
      rig.add(6, row);
      rig.commit();
      assert.equal(rig.outbox.urgency, 'none');
      rig.answer(answer);
      assert.equal(rig.outbox.urgency, 'now');
    }
  });

  it('R8a, R11: no row is sent 59999 above the lowest that is not durably complete', () => {
    const rig = new OutboxRig({ window: 59_999, limits: { maxBufferedMessages: 100_000 } });
    rig.add(61_000);
    rig.commit();
    rig.take();
    for (let seq = 1; seq < 59_999; seq += 1) rig.answer(delivered(seq));
    rig.commit();
    assert.deepEqual(rig.take(), [], 'row 0 is not complete');
    rig.answer(delivered(0));
    rig.pump();
    assert.deepEqual(rig.take(), [], 'nor durably so');
    rig.commit();
    assert.equal(rig.take()[0], 'publish 59999');
  });

  it('R9: PUBREL waits until the PUBREC is durable, and wants that at once', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.take();
    assert.equal(rig.outbox.urgency, 'none');
    rig.answer(received(0));
    assert.equal(rig.outbox.urgency, 'now');
    const { state } = rig.seal();
    assert.deepEqual(state, stateOf({ mark: 1, received: [0, 1] }));
    assert.deepEqual([rig.take(), rig.outbox.urgency, rig.outbox.unreleased], [[], 'none', 1]);
    rig.storeOldest();
    assert.deepEqual([rig.take(), rig.outbox.unreleased], [['release 0'], 0]);
  });

  it('R9: a PUBREC that comes while a commit is under way waits for the next one', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.commit();
    rig.take();
    rig.answer(received(0));
    rig.seal();
    rig.answer(received(1));
    rig.seal();
    rig.storeOldest();
    assert.deepEqual(rig.take(), ['release 0']);
    rig.storeOldest();
    assert.deepEqual(rig.take(), ['release 1']);
  });

  it('R9, R12: a restart sends PUBREL for rows whose PUBREC is durable, and the same PUBLISH for the others', () => {
    const rig = new OutboxRig();
    rig.add(3);
    rig.commit();
    rig.answer(received(0));
    rig.commit();
    rig.answer(received(1));
    const { birth } = rig.restart();
    assert.deepEqual(
      birth.session.outbound.map(({ message, stage }) => [
        message.seq,
        stage,
        message.topic,
        Buffer.from(message.payload).toString(),
      ]),
      [
        [0, 'released', 't', '0'],
        [1, 'sent', 't', '1'],
        [2, 'sent', 't', '2'],
      ],
    );
    assert.equal(birth.next, 3);
  });

  it('R8a: a restart counts rows under the mark as sent, and sends the others as new ones', () => {
    const rig = new OutboxRig({ window: 2 });
    rig.add(5);
    rig.commit();
    const next = rig.restart({ window: 10 });
    assert.deepEqual(
      next.birth.sent.map(({ seq }) => seq),
      [0, 1],
    );
    assert.equal(next.outbox.next, 2);
    next.pump();
    assert.deepEqual(next.take(), []);
    next.commit();
    assert.deepEqual(next.take(), ['publish 2', 'publish 3', 'publish 4']);
  });

  it('R10: a row stays in the store until its completion is durable', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.answer(received(0));
    rig.commit();
    assert.equal(rig.restart().birth.sent.length, 1);
    rig.answer(delivered(0));
    assert.equal(rig.outbox.urgency, 'soon');
    assert.equal(rig.restart().birth.sent.length, 1, 'PUBCOMP came, but that is not durable');
    assert.equal(rig.commit().low, 1);
    assert.deepEqual(rig.restart().birth.sent, []);
  });

  it('completions above the lowest row are stored, so that a restart does not send them again', () => {
    const rig = new OutboxRig();
    rig.add(6);
    rig.commit();
    rig.answer(delivered(1), delivered(2), delivered(4), received(5));
    assert.deepEqual(rig.commit().state, stateOf({ mark: 6, done: [1, 3, 4, 5], received: [5, 6] }));
    const { birth } = rig.restart();
    assert.deepEqual(
      birth.session.outbound.map(({ message, stage }) => [message.seq, stage]),
      [
        [0, 'sent'],
        [3, 'sent'],
        [5, 'released'],
      ],
    );
  });

  it('R9a: a refused row is complete in the commit that has its letter', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.commit();
    rig.answer(refused(0, 0x87));
    const { refused: letters, low } = rig.commit();
    assert.deepEqual(
      letters.map(({ seq, letter }) => [seq, letter.error.code, Buffer.from(letter.payload ?? []).toString()]),
      [[0, 'PUBLISH_REFUSED', '0']],
    );
    assert.equal(low, 1);
    assert.deepEqual(rig.commit().refused, []);
  });

  it('R9a: where a refusal fails the sink, the row stays', () => {
    const rig = new OutboxRig({ failOnRefusal: true });
    rig.add(1);
    rig.commit();
    rig.answer(refused(0, 0x87));
    assert.equal(rig.commit().low, 0);
    assert.equal(rig.restart().birth.sent.length, 1);
  });

  it('R9a: PUBREC 0x91 for a message that this epoch has not sent before is another client: the sink fails', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.answer(refused(0, 0x91));
    assert.deepEqual(
      rig.failures.map(({ code }) => code),
      ['ID_IN_USE'],
    );
    assert.throws(() => rig.outbox.offer([], 0, 0), { code: 'ID_IN_USE' });
  });

  it('that is to fail once settled sends nothing again, though a connection ends at several messages (R20a)', () => {
    const rig = new OutboxRig();
    rig.add(3);
    rig.commit();
    rig.outbox.failOnceSettled(new MillraceError('GUARANTEE_UNSUPPORTED', 'no QoS 2'), rig.now);
    rig.answer(delivered(0));
    rig.lastOwed = 2;
    rig.outbox.queue.handleDisconnected(rig.cutError, rig.now);
    assert.deepEqual(rig.paces, [0], 'a search would let one be unanswered');
    rig.seal();
    rig.storeOldest();
    assert.deepEqual(
      rig.failures.map(({ code }) => code),
      ['GUARANTEE_UNSUPPORTED'],
    );
  });

  it('R5, R8a: a row that could not be published is below the sent mark of the next epoch, too, so that its state can be read', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.publishError = new MillraceError('MESSAGE_TOO_LARGE', 'for this broker');
    rig.add(1);
    rig.commit();
    const epoch = rig.birth.session.epoch + 1;
    rig.lose(epoch);
    rig.outbox.queue.handleDisconnected(rig.cutError, rig.now);
    assert.deepEqual(rig.commit().state, stateOf({ epoch, mark: 2, done: [1, 2] }));
    const { birth } = rig.restart({ record: { epoch } });
    assert.deepEqual(
      birth.sent.map(({ seq }) => seq),
      [0],
    );
  });

  it('that is to fail once settled waits for what the broker owes, durably, and not for rows that are sent no more', () => {
    const rig = new OutboxRig();
    rig.add(3);
    rig.commit();
    rig.owed = 2; // row 2 waits for its turn in the session: a new connection takes fewer at once
    rig.outbox.failOnceSettled(new MillraceError('GUARANTEE_UNSUPPORTED', 'no QoS 2'), rig.now);
    rig.answer(delivered(0));
    rig.seal();
    rig.answer(received(1));
    rig.storeOldest();
    assert.deepEqual(rig.failures, [], 'the PUBREC is not durable');
    rig.commit();
    assert.deepEqual(rig.failures, [], 'a PUBCOMP is owed');
    rig.answer(delivered(1));
    assert.deepEqual(rig.failures, [], 'it is not durable');
    assert.equal(rig.outbox.urgency, 'now');
    rig.seal();
    rig.storeOldest();
    assert.deepEqual(
      rig.failures.map(({ code }) => code),
      ['GUARANTEE_UNSUPPORTED'],
    );
  });

  it('that is to fail once settled fails, too, when the last answer refuses a row for now', () => {
    const rig = new OutboxRig({ retry: SLOWLY });
    rig.add(2);
    rig.commit();
    rig.outbox.failOnceSettled(new MillraceError('GUARANTEE_UNSUPPORTED', 'no QoS 2'), rig.now);
    rig.answer(delivered(0));
    rig.commit();
    assert.deepEqual(rig.failures, [], 'an answer is owed');
    rig.answer(refused(1, 0x97));
    assert.equal(rig.outbox.urgency, 'now');
    rig.seal();
    rig.storeOldest();
    assert.deepEqual(
      rig.failures.map(({ code }) => code),
      ['GUARANTEE_UNSUPPORTED'],
    );
  });

  it('R20: a row that is refused for now goes out again under its own seq, and only the later rows of its topic wait', () => {
    const rig = new OutboxRig({ retry: SLOWLY, window: 2 });
    rig.add(1, { topic: 'a' });
    rig.add(1, { topic: 'b' });
    rig.add(1, { topic: 'a' });
    rig.add(1, { topic: 'b' });
    rig.commit();
    rig.take();
    rig.answer(refused(0, 0x97), delivered(1));
    rig.commit();
    assert.deepEqual(rig.take(), ['publish 3']);
    rig.now = 100;
    rig.pump();
    assert.deepEqual(rig.take(), ['late 0']);
    rig.answer(delivered(0));
    rig.pump();
    assert.deepEqual(rig.take(), ['late 2']);
  });

  it('R8, R20: after a crash a row that waits for its second try is sent under the id of its first', () => {
    const rig = new OutboxRig({ retry: SLOWLY });
    rig.add(2, { topic: 'a' });
    rig.commit();
    rig.answer(refused(0, 0x97), delivered(1));
    rig.commit();
    assert.deepEqual(
      rig.restart().birth.session.outbound.map(({ message, stage }) => [message.seq, stage]),
      [[0, 'sent']],
    );
  });

  it('R20: there is room for the second try of a row that 59998 others have passed', () => {
    const rig = new OutboxRig({ retry: SLOWLY, window: 59_999, limits: { maxBufferedMessages: 100_000 } });
    rig.add(1, { topic: 'a' });
    rig.add(60_500, { topic: 'b' });
    rig.commit();
    rig.answer(refused(0, 0x97));
    for (let seq = 1; seq < 59_999; seq += 1) rig.answer(delivered(seq));
    rig.commit();
    const sent = rig.take();
    assert.equal(sent.at(-1), 'publish 59998', 'its session counts 59999 ids in use');
    rig.now = 100;
    rig.pump();
    assert.deepEqual(rig.take(), ['late 0']);
  });

  it('R5: after a lost session nothing new is sent before a commit of the new epoch', () => {
    const rig = new OutboxRig({ window: 4 });
    rig.add(2);
    rig.commit();
    rig.add(2);
    rig.seal();
    rig.lose(2);
    rig.storeOldest();
    rig.pump();
    assert.deepEqual(rig.take(), ['publish 0', 'publish 1'], 'the mark of the old epoch lets nothing out');
    assert.equal(rig.outbox.urgency, 'now');
    assert.deepEqual(rig.commit().state, stateOf({ epoch: 2, mark: 4 }));
    assert.deepEqual(rig.take(), ['publish 2', 'publish 3']);
  });

  it('R5, R9: a PUBREC of the lost epoch releases nothing in the new one', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.answer(received(0));
    rig.seal();
    rig.lose(2);
    rig.take();
    rig.answer(received(0));
    rig.storeOldest();
    assert.deepEqual(rig.take(), [], 'the commit of the old epoch says nothing of this PUBREC');
    assert.deepEqual(rig.commit().state, stateOf({ epoch: 2, mark: 1, received: [0, 1] }));
    assert.deepEqual(rig.take(), ['release 0']);
  });

  it('R5: a restart after a lost session sends what was released again', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.commit();
    rig.answer(received(0));
    rig.commit();
    const { birth } = rig.restart({ record: { epoch: 2 } });
    assert.deepEqual(
      birth.session.outbound.map(({ stage }) => stage),
      ['sent', 'sent'],
    );
    assert.equal(birth.session.epoch, 2);
  });

  it('R17: drop gives up what was in doubt, also when the process ended before it could say so', () => {
    const rig = new OutboxRig({ window: 2 });
    rig.add(4);
    rig.commit();
    const { birth, outbox } = rig.restart({ record: { epoch: 2, droppedEpoch: 2 } });
    assert.deepEqual([birth.sent, birth.dropped, outbox.next], [[], 2, 2]);
    rig.take();
    rig.lose(2, [0, 1]);
    assert.equal(rig.commit().low, 2);
    assert.deepEqual(rig.take(), ['publish 2', 'publish 3'], 'rows that were never sent always go out');
  });

  it('R17: a loss that was settled by redeliver drops nothing, whatever an earlier one did', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.lose(2);
    rig.commit();
    assert.equal(rig.restart({ record: { epoch: 3, droppedEpoch: 2 } }).birth.sent.length, 1);
  });

  it('R16: a QoS 0 row is done when it is written, and written again by a process that cannot know', () => {
    const rig = new OutboxRig();
    rig.add(1, { qos: 0 });
    rig.commit();
    const next = rig.restart();
    assert.deepEqual(next.birth.session.outbound, []);
    next.outbox.queue.pump(0, 0);
    assert.equal(next.session.at(-1), 'publish 0');
    next.outbox.queue.handleWritten();
    assert.equal(next.commit().low, 1);
  });

  it('a QoS 0 row whose bytes did not leave waits for the next connection', () => {
    const rig = new OutboxRig();
    rig.add(2, { qos: 0 });
    rig.commit();
    rig.take();
    rig.lose(1);
    rig.pump();
    assert.deepEqual(rig.take(), ['publish 0', 'publish 1']);
  });

  it('a QoS 1 row is done at PUBACK', () => {
    const rig = new OutboxRig();
    rig.add(1, { qos: 1 });
    rig.commit();
    rig.answer(delivered(0));
    assert.equal(rig.commit().low, 1);
  });

  it('R10: a delivery that nobody can prove is told', () => {
    const rig = new OutboxRig();
    rig.add(1);
    rig.commit();
    rig.answer({ type: 'delivered', seq: 0, reasonCode: 0x92, unverified: true });
    assert.deepEqual(rig.unverified, [0]);
    assert.equal(rig.commit().low, 1);
  });

  it('properties are kept, but for rows of a 3.x session, which has no place for them', () => {
    const rig = new OutboxRig();
    const properties = { contentType: 'text/plain' };
    rig.add(1, { properties });
    rig.commit();
    assert.deepEqual(rig.restart().birth.sent[0]?.properties, properties);
    assert.equal(rig.restart({ record: { version: 4 } }).birth.sent[0]?.properties, undefined);
  });

  it('takes rows up to its bounds, and tells once when there is room again', () => {
    const rig = new OutboxRig({ window: 1, limits: { maxBufferedMessages: 2 } });
    rig.add(6);
    rig.commit();
    assert.equal(rig.outbox.next, 3);
    assert.ok(!rig.outbox.takeNews(), 'the window is full, and makes no room before a commit');
    rig.answer(delivered(0));
    assert.ok(rig.outbox.takeNews(), 'it wants a further mark');
    assert.ok(!rig.outbox.takeNews(), 'as before');
    rig.seal();
    rig.storeOldest();
    rig.outbox.queue.pump(0, 0);
    assert.ok(rig.outbox.takeNews(), 'there is room');
    rig.seal();
    assert.ok(!rig.outbox.takeNews());
  });

  it('tells of a more urgent wish to commit, and not of the same one twice', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.commit();
    rig.answer(delivered(0));
    assert.deepEqual([rig.outbox.takeNews(), rig.outbox.takeNews()], [true, false]);
    rig.answer(received(1));
    assert.deepEqual([rig.outbox.takeNews(), rig.outbox.takeNews()], [true, false]);
    rig.commit();
    assert.ok(!rig.outbox.takeNews());
  });

  it('tells when a wish to commit has no more answers to wait for', () => {
    const rig = new OutboxRig({ window: 2 });
    rig.add(3);
    rig.commit();
    assert.equal(rig.outbox.awaited, 2);
    rig.answer(received(0));
    assert.deepEqual([rig.outbox.takeNews(), rig.outbox.takeNews()], [true, false], 'a PUBREC is to be stored (R9)');
    rig.answer(received(1));
    assert.equal(rig.outbox.awaited, 0);
    assert.deepEqual([rig.outbox.takeNews(), rig.outbox.takeNews()], [true, false], 'nothing more is to come');
    rig.commit();
    assert.equal(rig.outbox.awaited, 2, 'a row waits for the room that PUBCOMPs make');
    rig.answer(delivered(0));
    rig.pump();
    assert.equal(rig.outbox.awaited, 1, 'of a PUBREC: the PUBCOMP that is owed as well leads to nothing');
    rig.answer(received(2), delivered(1));
    assert.deepEqual([rig.outbox.takeNews(), rig.outbox.takeNews()], [true, false], 'both at once');
  });

  it('tells again of a wish that went with the connection and comes with the next one', () => {
    const rig = new OutboxRig({ window: 1, limits: { maxBufferedMessages: 2 } });
    rig.add(6);
    rig.commit();
    rig.answer(delivered(0));
    assert.ok(rig.outbox.takeNews(), 'it wants a further mark');
    rig.outbox.queue.handleDisconnected(rig.cutError, rig.now);
    assert.equal(rig.outbox.urgency, 'soon', 'what has no connection begins nothing');
    assert.ok(!rig.outbox.takeNews());
    rig.connect(1);
    assert.equal(rig.outbox.urgency, 'now');
    assert.ok(rig.outbox.takeNews(), 'or nobody commits any more');
  });

  it('refuses a store that contradicts itself', () => {
    const rig = new OutboxRig();
    rig.add(2);
    rig.commit();
    rig.store.apply({
      name: 'client',
      added: [],
      snapshot: { mark: 9, state: { version: 2 }, low: 0, refused: [] },
      end: 2,
    });
    assert.throws(() => rig.restart(), { code: 'STORE_CORRUPT' });
    rig.store.apply({
      name: 'client',
      added: [],
      snapshot: { mark: 9, state: stateOf({ mark: 3 }), low: 0, refused: [] },
      end: 2,
    });
    assert.throws(() => rig.restart(), { code: 'STORE_CORRUPT' }, 'rows are missing');
  });
});

interface State {
  readonly epoch?: number;
  readonly low?: number;
  readonly mark: number;
  readonly received?: readonly number[];
  readonly done?: readonly number[];
}

const stateOf = ({ epoch = 1, low = 0, mark, received = [], done = [] }: State) => ({
  version: 2,
  epoch,
  low,
  mark,
  received: Uint32Array.from(received),
  done: Uint32Array.from(done),
  burnt: new Uint16Array(),
});
