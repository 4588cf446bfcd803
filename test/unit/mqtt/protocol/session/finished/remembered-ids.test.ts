import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FinishedIds } from '../../../../../../src/mqtt/protocol/session/finished/finished-ids.js';
import { MessageDigests } from '../../../../../../src/mqtt/protocol/session/finished/message-digests.js';
import { fromIdRuns } from '../../../../../../src/mqtt/protocol/session/inbound/id-runs.js';

describe('R2b: what a commit stores of finished ids', () => {
  const memory = () => {
    const digests = new MessageDigests();
    const ids = new FinishedIds(digests, undefined, { newest: 9, run: 9, overReconnect: 'counted', free: 1 });
    const finish = (packetId: number, answered: boolean) => {
      ids.observe(packetId, false);
      ids.taken(packetId, packetId, false);
      ids.add(packetId, answered);
    };
    const stored = () => fromIdRuns(ids.state([]));
    return { ids, finish, stored };
  };

  it('is what is there, when a commit before had stored other ones', () => {
    const { ids, finish, stored } = memory();
    assert.deepEqual(stored(), []);
    finish(10, false);
    assert.deepEqual(stored(), [10], 'came in');
    finish(11, true);
    assert.equal(
      ids.recognise(11, () => 11),
      'copy',
    );
    assert.deepEqual(stored(), [10, 11], 'its message came again');
    ids.taken(10, 7, false);
    assert.deepEqual(stored(), [11], 'F4');
    ids.distrust();
    assert.deepEqual(stored(), [], 'F3');
  });

  it('is nothing that a fence on a later connection has ended', () => {
    const { ids, finish, stored } = memory();
    finish(10, false);
    assert.deepEqual(stored(), [10]);
    ids.connectionLost();
    ids.observe(11, false);
    ids.fence(ids.written);
    assert.deepEqual(stored(), []);
  });

  it('an id that is finished once more is there once', () => {
    const { ids, finish } = memory();
    finish(10, false);
    ids.taken(10, 10, true);
    ids.add(10, true);
    assert.equal(ids.size, 1);
  });

  it('a fence shows no free id where a new message has taken it meanwhile', () => {
    const digests = new MessageDigests();
    const ids = new FinishedIds(digests, undefined);
    ids.observe(5, false);
    ids.taken(5, 1, false);
    ids.add(5, true);
    for (const id of [20_000, 40_000, 5]) ids.observe(id, false);
    ids.taken(5, 2, false);
    ids.fence(ids.written);
    assert.ok(ids.wantsFence);
    assert.equal(ids.counter().free, 0);
  });
});
