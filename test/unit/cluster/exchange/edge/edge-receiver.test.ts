import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_OUTBOX } from '../../../../../src/cluster/exchange/edge/edge-message.js';
import { EdgeReceiver, type ReceiverState } from '../../../../../src/cluster/exchange/edge/edge-receiver.js';
import { endRow } from '../../../../../src/cluster/exchange/edge/row-kind.js';

const READER = 4;
const ROW_BYTES = 72;

const receiver = (restored?: ReceiverState, maxBufferedBytes = 100_000): EdgeReceiver =>
  new EdgeReceiver({ to: 7, partitions: 2, reader: READER, restored, maxBufferedBytes });

const item = (number: number): Uint8Array => Buffer.concat([Buffer.of(0), Buffer.alloc(ROW_BYTES - 1, number)]);
const rows = (from: number, seq: number, count: number, low = 0) =>
  ({
    type: 'rows',
    from,
    outbox: 100 + from,
    low,
    seq,
    rows: Array.from({ length: count }, (_, index) => item(10 * from + seq + index)),
  }) as const;
const probe = (from: number, sent: number) => ({ type: 'probe', from, outbox: 100 + from, low: 0, sent }) as const;
const numbers = (polled: readonly Uint8Array[]) => polled.map((row) => row[1]);
const nexts = ({ senders }: ReceiverState) => senders.map(({ next }) => next);
const told = (answers: ReturnType<EdgeReceiver['committed']>) =>
  answers.map(({ to, status: { taken, committed, again } }) => ({ to, taken, committed, again }));

describe('what a partition is sent', () => {
  it('is polled in the order in which it came, at positions from 0', () => {
    const edge = receiver();
    edge.receive(rows(0, 0, 2));
    edge.receive(rows(1, 0, 2));
    edge.receive(rows(0, 2, 1));
    const first = edge.poll(3);
    assert.deepEqual(numbers(first.rows), [0, 1, 10]);
    assert.deepEqual([first.first, first.last, first.bytes], [0, 2, 3 * ROW_BYTES]);
    const rest = edge.poll(10);
    assert.deepEqual(numbers(rest.rows), [11, 2]);
    assert.deepEqual([rest.first, rest.last], [3, 4]);
    const none = edge.poll(10);
    assert.deepEqual([none.first, none.last, edge.hasRows], [5, 4, false]);
  });

  it('a commit has each sender up to the row that it covers, also amid what was polled together', () => {
    const edge = receiver();
    edge.receive(rows(0, 0, 3));
    edge.receive(rows(1, 0, 3));
    edge.poll(4);
    assert.deepEqual(nexts(edge.snapshot(-1).state), [0, 0]);
    assert.deepEqual(nexts(edge.snapshot(1).state), [2, 0]);
    assert.deepEqual(nexts(edge.snapshot(3).state), [3, 1]);
    edge.poll(2);
    assert.deepEqual(nexts(edge.snapshot(3).state), [3, 1]);
    assert.deepEqual(nexts(edge.snapshot(5).state), [3, 3]);
  });

  it('a sender of which nothing is committed has no outbox in the commit, and others keep theirs', () => {
    const edge = receiver();
    edge.receive(rows(0, 0, 1));
    edge.poll(1);
    const { senders } = edge.snapshot(0).state;
    assert.deepEqual(senders, [
      { outbox: 100, next: 1, ended: 0 },
      { outbox: NO_OUTBOX, next: 0, ended: 0 },
    ]);
  });

  it('senders are told what is committed once it is durable, each once, and in one status for several commits', () => {
    const edge = receiver();
    edge.receive(rows(0, 0, 4));
    edge.poll(4);
    edge.snapshot(0);
    const second = edge.snapshot(2);
    const third = edge.snapshot(3);
    assert.deepEqual(told([edge.receive(probe(0, 4))].flatMap((one) => one ?? [])), [
      { to: 0, taken: 4, committed: 0, again: false },
    ]);
    assert.deepEqual(told(edge.committed(second.mark)), [{ to: 0, taken: 4, committed: 3, again: false }]);
    assert.deepEqual(told(edge.committed(third.mark)), [{ to: 0, taken: 4, committed: 4, again: false }]);
    assert.deepEqual(edge.committed(edge.snapshot(3).mark), []);
  });

  it('begins behind the last commit, and says so to all senders', () => {
    const edge = receiver({
      senders: [
        { outbox: 100, next: 3, ended: 0 },
        { outbox: NO_OUTBOX, next: 0, ended: 0 },
      ],
    });
    assert.deepEqual(told(edge.greet()), [
      { to: 0, taken: 3, committed: 3, again: true },
      { to: 1, taken: 0, committed: 0, again: true },
    ]);
    edge.receive(rows(0, 2, 3));
    assert.deepEqual(numbers(edge.poll(10).rows), [3, 4]);
    assert.deepEqual(nexts(edge.snapshot(1).state), [5, 0]);
  });

  it('is bounded for each sender, small rows by more than their bytes; what comes above is dropped, and asked for when there is room', () => {
    const edge = receiver(undefined, 1_000);
    for (let seq = 0; seq < 20; seq += 1) edge.receive(rows(0, seq, 1));
    edge.receive(rows(1, 0, 1));
    const held = edge.poll(100).rows;
    assert.equal(held.length, 6, 'five of 200 bytes each, and one of the other sender');
    for (let seq = 5; seq < 25; seq += 1) edge.receive(rows(0, seq, 1));
    // full again: it is told how far we are, and not to send what there is no room for
    assert.deepEqual(told([edge.receive(probe(0, 25))].flatMap((one) => one ?? [])), [
      { to: 0, taken: 10, committed: 0, again: false },
    ]);
    edge.poll(100);
    assert.equal(edge.receive(probe(0, 25))?.status.again, true);
  });

  it('nobody is heard who is no partition of the job', () => {
    assert.equal(receiver().receive(rows(2, 0, 1)), undefined);
  });
});

describe('ends of those who send to a partition', () => {
  const end = (from: number, seq: number, generation = 1) =>
    ({ ...rows(from, seq, 0), rows: [endRow(generation)] }) as const;

  it('are polled alone, each at a position of its own behind the rows before it', () => {
    const edge = receiver();
    edge.receive({ ...rows(0, 0, 2), rows: [item(0), item(1), endRow(1), item(2)] });
    assert.deepEqual(numbers(edge.poll(10).rows), [0, 1]);
    const polled = edge.poll(10);
    assert.deepEqual([polled.rows.length, polled.first, polled.last], [0, 2, 2]);
    assert.deepEqual(numbers(edge.poll(10).rows), [2]);
  });

  it('count when a commit with all of them is durable, and not when they have come', () => {
    const edge = receiver();
    edge.receive(rows(0, 0, 1));
    edge.receive(end(0, 1));
    edge.receive(end(1, 0));
    for (let poll = 0; poll < 3; poll += 1) edge.poll(10);
    const before = edge.snapshot(0);
    const all = edge.snapshot(2);
    assert.equal(edge.hasEnded(1), false);
    edge.committed(before.mark);
    assert.equal(edge.hasEnded(1), false);
    edge.committed(all.mark);
    assert.equal(edge.hasEnded(1), true);
    const restored = receiver(all.state);
    assert.equal(restored.hasEnded(1), true, 'who takes over knows it');
  });

  it('do not as long as one sender has not ended, or has in an earlier generation of the job', () => {
    const edge = receiver();
    edge.receive(end(0, 0, 2));
    edge.receive(end(1, 0, 1));
    for (let poll = 0; poll < 2; poll += 1) edge.poll(10);
    edge.committed(edge.snapshot(1).mark);
    assert.deepEqual([edge.hasEnded(1), edge.hasEnded(2)], [false, false]);
    edge.receive(rows(1, 1, 1));
    edge.receive(end(1, 2, 2));
    for (let poll = 0; poll < 2; poll += 1) edge.poll(10);
    edge.committed(edge.snapshot(3).mark);
    assert.equal(edge.hasEnded(2), true);
  });

  it('that cannot be read are STORE_CORRUPT', () => {
    const edge = receiver();
    edge.receive({ ...rows(0, 0, 0), rows: [endRow(1).subarray(0, 4)] });
    assert.throws(() => edge.poll(1), { code: 'STORE_CORRUPT' });
  });
});

describe('a suspicion of a receiver', () => {
  const suspicious = (): EdgeReceiver => {
    const edge = receiver();
    edge.receive(rows(1, 0, 1));
    edge.poll(1);
    return edge;
  };

  it('fails the job when a commit that was made after it is durable, for then the partition was ours', () => {
    const edge = suspicious();
    edge.receive(rows(0, 5, 1, 5));
    assert.equal(edge.isSuspicious, true);
    const { mark } = edge.snapshot(0);
    assert.equal(edge.isSuspicious, false, 'one commit is enough');
    assert.throws(() => edge.committed(mark), { code: 'STORE_CORRUPT', message: /rows 0 to 4 of partition 0/ });
  });

  it('does not by a commit that was made before: the partition may have been taken over since', () => {
    const edge = suspicious();
    const before = edge.snapshot(0);
    edge.receive(rows(0, 5, 1, 5));
    const after = edge.snapshot(0);
    assert.deepEqual(told(edge.committed(before.mark)), [{ to: 1, taken: 1, committed: 1, again: false }]);
    assert.throws(() => edge.committed(after.mark), { code: 'STORE_CORRUPT' });
  });
});
