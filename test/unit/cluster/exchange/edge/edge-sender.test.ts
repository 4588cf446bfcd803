import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeEdgeMessage, type StatusMessage } from '../../../../../src/cluster/exchange/edge/edge-message.js';
import { EdgeSender } from '../../../../../src/cluster/exchange/edge/edge-sender.js';

const OUTBOX = 77;
const READER = 5;
const MESSAGE_BYTES = 1_000;

const row = (seq: number, size = 8) => ({ seq, bytes: Buffer.alloc(size, seq) });
const rows = (from: number, to: number, size?: number) =>
  Array.from({ length: to - from }, (_, index) => row(from + index, size));

const sender = (options: Partial<ConstructorParameters<typeof EdgeSender>[0]> = {}): EdgeSender =>
  new EdgeSender({ from: 1, outbox: OUTBOX, low: 0, windowBytes: 100_000, ...options });

const status = (more: Partial<StatusMessage>): StatusMessage => ({
  type: 'status',
  to: 2,
  outbox: OUTBOX,
  reader: READER,
  taken: 0,
  committed: 0,
  again: false,
  ...more,
});

/** What is sent now, in short. */
const sent = (edge: EdgeSender, now: number, maxMessageBytes = MESSAGE_BYTES): readonly string[] =>
  edge.take(now, maxMessageBytes).map((bytes) => {
    assert.ok(bytes.byteLength <= maxMessageBytes);
    const message = decodeEdgeMessage(bytes);
    if (message.type === 'rows') return `rows ${message.seq}+${message.rows.length}`;
    if (message.type === 'piece') return `piece ${message.seq} ${message.offset}/${message.size}`;
    if (message.type === 'probe') return `probe ${message.low} ${message.sent}`;
    return message.type;
  });

describe('what a partition sends to another', () => {
  it('goes out once, in order, as many rows in a message as it may have', () => {
    const edge = sender();
    assert.equal(edge.offer(rows(0, 10, 200)), 10);
    assert.deepEqual(sent(edge, 0), ['rows 0+4', 'rows 4+4', 'rows 8+2']);
    assert.deepEqual(sent(edge, 1), []);
  });

  it('goes in pieces where a row fits no message, of the size that a message may have at that time', () => {
    const edge = sender();
    edge.offer([row(0, 100), row(1, 8)]);
    assert.deepEqual(sent(edge, 0, 88), ['piece 0 0/100', 'piece 0 50/100', 'rows 1+1']);
    edge.handleStatus(status({ again: true }), 1);
    assert.deepEqual(sent(edge, 1, 78), ['piece 0 0/100', 'piece 0 40/100', 'piece 0 80/100', 'rows 1+1']);
  });

  it('is complete when a commit of the receiver has it, and not when it has come', () => {
    const edge = sender();
    edge.offer(rows(0, 10));
    sent(edge, 0);
    edge.handleStatus(status({ taken: 10, committed: 4 }), 1);
    assert.equal(edge.low, 4);
    edge.handleStatus(status({ taken: 10, committed: 10 }), 2);
    assert.equal(edge.low, 10);
  });

  it('is bounded by the window, which a commit of the receiver opens, and in which many small rows count for more than their bytes', () => {
    const edge = sender({ windowBytes: 10_000 });
    assert.equal(edge.offer(rows(0, 3, 4_000)), 3);
    assert.equal(edge.offer(rows(3, 6, 4_000)), 0);
    edge.handleStatus(status({ taken: 3, committed: 1 }), 1);
    assert.equal(edge.offer(rows(3, 6, 4_000)), 1);
    const small = sender({ windowBytes: 10_000 });
    assert.ok(small.offer(rows(0, 1_000, 1)) < 100);
  });

  it('takes one row that is larger than the window', () => {
    const edge = sender({ windowBytes: 100 });
    assert.equal(edge.offer(rows(0, 2, 5_000)), 1);
  });

  it('is sent again from the row that the receiver misses, when it says so', () => {
    const edge = sender();
    edge.offer(rows(0, 10, 200));
    sent(edge, 0);
    edge.handleStatus(status({ taken: 4, again: true }), 1);
    assert.deepEqual(sent(edge, 1), ['rows 4+4', 'rows 8+2']);
    edge.handleStatus(status({ taken: 8 }), 2);
    assert.deepEqual(sent(edge, 2), []);
  });

  it('ED4: is not sent again because two receivers speak, one of which was taken over', () => {
    const edge = sender();
    let resent = 0;
    for (let round = 0; round < 100; round += 1) {
      edge.offer([row(round, 8)]);
      for (const message of sent(edge, round)) if (message !== `rows ${round}+1`) resent += 1;
      // one has a row less than was sent, as it is on its way
      edge.handleStatus(status({ reader: 1, taken: round }), round);
      edge.handleStatus(status({ reader: 2, taken: round }), round);
      resent += sent(edge, round).length;
    }
    assert.equal(resent, 0);
  });

  it('a status that was overtaken by a later one of the same opening brings nothing back, but what it calls committed is', () => {
    const edge = sender();
    edge.offer(rows(0, 10));
    sent(edge, 0);
    edge.handleStatus(status({ taken: 8, committed: 1 }), 1);
    edge.handleStatus(status({ taken: 4, committed: 3, again: true }), 2);
    assert.deepEqual(sent(edge, 2), []);
    assert.equal(edge.low, 3);
  });

  it('a status about another outbox says nothing of this one', () => {
    const edge = sender();
    edge.offer(rows(0, 10));
    sent(edge, 0);
    edge.handleStatus(status({ outbox: OUTBOX + 1, taken: 10, committed: 10, again: true }), 1);
    assert.equal(edge.low, 0);
    assert.deepEqual(sent(edge, 1), []);
  });

  it('what the receiver has from an earlier owner of the partition is not sent, and is complete with its commit', () => {
    const edge = sender({ low: 3 });
    edge.handleStatus(status({ taken: 8, committed: 6 }), 0);
    assert.equal(edge.committed, 6);
    assert.equal(edge.offer(rows(3, 10)), 7);
    assert.equal(edge.low, 6);
    assert.deepEqual(sent(edge, 0), ['rows 8+2']);
  });

  it('a receiver that begins anew gets what the one before had not committed', () => {
    const edge = sender();
    edge.offer(rows(0, 10));
    sent(edge, 0);
    edge.handleStatus(status({ taken: 10, committed: 4 }), 1);
    edge.handleStatus(status({ reader: READER + 1, taken: 4, committed: 4, again: true }), 2);
    assert.deepEqual(sent(edge, 2), ['rows 4+6']);
  });
});

describe('the probes of a sender', () => {
  it('ED3: are sent while a row is not complete, at longer and longer intervals up to two seconds, until something is heard', () => {
    const edge = sender();
    edge.offer(rows(0, 2));
    sent(edge, 0);
    const at: number[] = [];
    while (at.length < 6) {
      const now = edge.deadline();
      assert.deepEqual(sent(edge, now), ['probe 0 2']);
      at.push(now);
    }
    assert.deepEqual(at, [250, 500, 1_000, 2_000, 4_000, 6_000]);
    edge.handleStatus(status({ taken: 2 }), 6_100);
    assert.deepEqual(sent(edge, 6_100), []);
    assert.equal(edge.deadline(), 6_350);
    edge.handleStatus(status({ taken: 2, committed: 2 }), 6_200);
    assert.deepEqual(sent(edge, 6_200), []);
    assert.equal(edge.deadline(), Number.POSITIVE_INFINITY);
  });

  it('ED3: are sent too where an earlier owner has sent every row, so that a lost status stops nothing', () => {
    const edge = sender();
    edge.handleStatus(status({ taken: 5, committed: 0 }), 0);
    assert.deepEqual(sent(edge, 0), []);
    assert.equal(edge.deadline(), Number.POSITIVE_INFINITY);
    edge.offer(rows(0, 5));
    assert.deepEqual(sent(edge, 0), []);
    const asked = edge.deadline();
    assert.ok(asked <= 250);
    assert.deepEqual(sent(edge, asked), ['probe 0 5']);
  });

  it('ED3: end where a late status completes the last row', () => {
    const edge = sender();
    edge.offer(rows(0, 5));
    sent(edge, 0);
    edge.handleStatus(status({ taken: 5, committed: 0 }), 1);
    edge.handleStatus(status({ taken: 4, committed: 5 }), 2);
    sent(edge, 2);
    assert.equal(edge.deadline(), Number.POSITIVE_INFINITY);
  });
});
