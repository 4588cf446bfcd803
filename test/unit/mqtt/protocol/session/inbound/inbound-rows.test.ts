import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type InboundMessage, InboundRows } from '../../../../../../src/mqtt/protocol/session/inbound/inbound-rows.js';

/** A message whose PUBREL has come. */
const released = (rows: InboundRows, packetId: number, token: number): InboundMessage => {
  rows.add(packetId, token, { reasonCode: 0, digest: token });
  const row = rows.byToken(token);
  assert.ok(row !== undefined);
  row.stage = 'accepted';
  assert.equal(rows.queue.due?.packetId, packetId);
  rows.queue.take();
  assert.ok(rows.markReleased(row));
  row.stage = 'releasing';
  return row;
};

describe('inbound QoS 2 rows', () => {
  it('leave nothing of those that are gone, though one whose PUBREL came before is never finished', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const rows = new InboundRows();
    // a server that has lost what it had sent says nothing more of it
    released(rows, 1, 0);
    const pass = (token: number): WeakRef<InboundMessage> => {
      const row = released(rows, 2, token);
      rows.remove(row);
      return new WeakRef(row);
    };
    const gone = Array.from({ length: 20_000 }, (_, index) => pass(index + 1));
    assert.deepEqual(rows.released(), [1]);
    // in the turn in which it is made a WeakRef keeps what it refers to
    await setImmediate();
    collect();
    const held = gone.filter((one) => one.deref() !== undefined).length;
    assert.ok(held <= 1100, `${held} are held`);
  });
});
