import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EdgeInbox } from '../../../../../src/cluster/exchange/edge/edge-inbox.js';
import { NO_OUTBOX } from '../../../../../src/cluster/exchange/edge/edge-message.js';

const OUTBOX = 9;
const from = { from: 1, outbox: OUTBOX, low: 0 };

const first = () => new EdgeInbox(1, { outbox: NO_OUTBOX, next: 0 });
const rows = (seq: number, end: number, more: { low?: number; outbox?: number } = {}) =>
  ({ type: 'rows', ...from, ...more, seq, rows: numbers(seq, end).map((one) => Uint8Array.of(one)) }) as const;
const numbers = (seq: number, end: number) => Array.from({ length: end - seq }, (_, index) => seq + index);
const probe = (sent: number) => ({ type: 'probe', ...from, sent }) as const;

const ROW = Uint8Array.from([10, 11, 12, 13, 14, 15]);
const piece = (offset: number, end: number, seq = 0) =>
  ({ type: 'piece', ...from, seq, offset, size: ROW.byteLength, bytes: ROW.subarray(offset, end) }) as const;

const given = (inbox: EdgeInbox, message: Parameters<EdgeInbox['receive']>[0]) => {
  const { rows: taken, seq, answer } = inbox.receive(message);
  return { rows: taken.map((one) => one[0]), seq, answer };
};

describe('what has come from a sender', () => {
  it('C5: is taken where it begins at the row that comes next or below it, without what it repeats', () => {
    const inbox = first();
    assert.deepEqual(given(inbox, rows(0, 3)), { rows: [0, 1, 2], seq: 0, answer: 'none' });
    assert.deepEqual(given(inbox, rows(1, 5)), { rows: [3, 4], seq: 3, answer: 'none' });
    assert.equal(inbox.taken, 5);
  });

  it('is told where nothing of it is new', () => {
    const inbox = first();
    inbox.receive(rows(0, 3));
    assert.deepEqual(given(inbox, rows(0, 3)), { rows: [], seq: 3, answer: 'status' });
    assert.equal(inbox.taken, 3);
  });

  it('C5: is dropped as a whole where it begins above, which is told once until something is taken', () => {
    const inbox = first();
    assert.deepEqual(given(inbox, rows(2, 4)), { rows: [], seq: 0, answer: 'again' });
    assert.deepEqual(given(inbox, rows(4, 6)), { rows: [], seq: 0, answer: 'none' });
    assert.equal(inbox.taken, 0);
    inbox.receive(rows(0, 2));
    assert.equal(given(inbox, rows(4, 6)).answer, 'again');
  });

  it('a probe is answered always, and asks for what was sent and has not come', () => {
    const inbox = first();
    inbox.receive(rows(0, 2));
    assert.equal(inbox.receive(probe(2)).answer, 'status');
    assert.equal(inbox.receive(probe(3)).answer, 'again');
    assert.equal(inbox.receive(probe(3)).answer, 'again');
  });

  it('a row in pieces is taken when it is whole', () => {
    const inbox = first();
    assert.equal(inbox.receive(piece(0, 3)).rows.length, 0);
    const { rows: taken } = inbox.receive(piece(3, 6));
    assert.deepEqual(
      taken.map((one) => [...one]),
      [[...ROW]],
    );
    assert.equal(inbox.taken, 1);
    assert.equal(inbox.receive(piece(3, 6)).answer, 'status');
  });

  it('pieces of two senders, cut at other places, make the same row', () => {
    const inbox = first();
    const cuts = [piece(0, 2), piece(0, 3), piece(2, 4), piece(3, 5), piece(0, 2), piece(4, 6)];
    const taken = cuts.flatMap((one) => inbox.receive(one).rows);
    assert.deepEqual(
      taken.map((one) => [...one]),
      [[...ROW]],
    );
  });

  it('a piece that is missing is asked for, and what came before it is kept', () => {
    const inbox = first();
    inbox.receive(piece(0, 2));
    assert.equal(inbox.receive(piece(4, 6)).answer, 'again');
    assert.equal(inbox.receive(piece(4, 6)).answer, 'none');
    inbox.receive(piece(2, 4));
    assert.equal(inbox.receive(piece(4, 6)).rows.length, 1);
    // and of the next row, none is left of this one
    assert.equal(inbox.receive(piece(2, 6, 1)).answer, 'again');
  });

  it('is suspicious where the sender says that we have committed more than we have, and takes nothing of it', () => {
    const inbox = new EdgeInbox(1, { outbox: OUTBOX, next: 4 });
    assert.deepEqual(given(inbox, rows(4, 5, { low: 5 })), { rows: [], seq: 4, answer: 'none' });
    assert.match(inbox.suspicion?.message ?? '', /rows 4 to 4 of partition 1 are missing/);
    assert.equal(inbox.suspicion?.code, 'STORE_CORRUPT');
  });

  it('is suspicious where the rows are of another outbox, or it has an outbox no more', () => {
    const inbox = new EdgeInbox(1, { outbox: OUTBOX, next: 4 });
    assert.equal(inbox.receive(rows(0, 1, { outbox: OUTBOX + 1 })).rows.length, 0);
    assert.match(inbox.suspicion?.message ?? '', /another outbox/);
    const without = first();
    without.receive(rows(3, 4, { low: 3 }));
    assert.equal(without.suspicion?.code, 'STORE_CORRUPT');
  });
});
