import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PubrecQueue, type QueueEntry } from '../../../../../../src/mqtt/protocol/session/inbound/pubrec-queue.js';

const message = (packetId: number, stage: QueueEntry['stage'] = 'taken'): QueueEntry => ({
  packetId,
  reasonCode: 0,
  stage,
  queuedOn: 0,
  gone: false,
});

/** Packet ids of all that are due now, in their order. */
const taken = (queue: PubrecQueue): number[] => {
  const ids: number[] = [];
  for (let due = queue.due; due !== undefined; due = queue.due) {
    ids.push(due.packetId);
    queue.take();
  }
  return ids;
};

const queueOf = (...entries: readonly QueueEntry[]): PubrecQueue => {
  const queue = new PubrecQueue();
  for (const entry of entries) queue.push(entry);
  return queue;
};

describe('the order of PUBRECs', () => {
  it('PQ1: one that is not accepted holds those behind it, and lets them go with it', () => {
    const first = message(1);
    const queue = queueOf(first, message(2, 'accepted'), message(3));
    assert.deepEqual(taken(queue), []);
    first.stage = 'accepted';
    assert.deepEqual(taken(queue), [1, 2]);
  });

  it('PQ1: one that is gone holds nothing, and is not answered', () => {
    const first = message(1);
    const queue = queueOf(first, message(2, 'accepted'));
    first.gone = true;
    assert.deepEqual(taken(queue), [2]);
  });

  it('PQ2: a copy of a message that waits is due nothing more; of one that was answered it is due another PUBREC', () => {
    const [first, copied] = [message(1), message(2, 'accepted')];
    const queue = queueOf(first, copied);
    for (const entry of [first, copied]) queue.enqueue(entry);
    first.stage = 'accepted';
    assert.deepEqual(taken(queue), [1, 2]);
    for (const entry of [copied, copied]) queue.enqueue(entry);
    assert.deepEqual(taken(queue), [2]);
  });

  it('PQ2: the copy of an accepted message is answered although that is gone meanwhile', () => {
    const queue = new PubrecQueue();
    const accepted = message(1, 'accepted');
    queue.enqueue(accepted);
    accepted.gone = true;
    assert.deepEqual(taken(queue), [1]);
  });

  it('a copy that is held back keeps its place until it is accepted', () => {
    const queue = new PubrecQueue();
    queue.enqueueCopy(7, 'taken');
    queue.push(message(8, 'accepted'));
    assert.deepEqual(taken(queue), []);
    queue.acceptCopy(7);
    assert.deepEqual(taken(queue), [7, 8]);
  });

  it('a copy whose id means another message now is not answered', () => {
    const queue = new PubrecQueue();
    for (const packetId of [1, 2, 3]) queue.enqueueCopy(packetId, 'accepted');
    queue.dropCopy(2);
    assert.deepEqual(taken(queue), [1, 3]);
    queue.enqueueCopy(4, 'accepted');
    queue.dropCopies();
    assert.deepEqual(taken(queue), []);
  });

  it('PQ3: on the next connection nothing is due but what comes there', () => {
    const entry = message(1, 'accepted');
    const queue = queueOf(entry);
    queue.enqueueCopy(2, 'accepted');
    queue.nextConnection();
    assert.deepEqual(taken(queue), []);
    queue.enqueueCopy(2, 'accepted');
    queue.enqueue({ ...entry, stage: 'taken' });
    assert.deepEqual(taken(queue), [2]);
  });
});
