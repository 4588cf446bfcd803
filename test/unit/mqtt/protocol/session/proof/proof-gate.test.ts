import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PublishPacket } from '../../../../../../src/mqtt/protocol/packet.js';
import { isBare, ProofGate } from '../../../../../../src/mqtt/protocol/session/proof/proof-gate.js';

const publish = (packetId: number, bytes: number): PublishPacket => ({
  type: 'publish',
  topic: 't',
  payload: new Uint8Array(bytes),
  qos: 2,
  retain: false,
  dup: true,
  packetId,
});

it('R2a, R14b: of what waits, a copy is let go of, and no other message that has the id of an unfinished one', () => {
  const gate = new ProofGate({ isKnown: () => true, isCopy: ({ packetId }) => packetId === 1 });
  gate.shut();
  gate.passNew();
  gate.hold(publish(1, 17 * 1024 * 1024), 't');
  gate.hold(publish(1, 1000), 't');
  gate.hold(publish(2, 1000), 't');
  gate.open();
  assert.deepEqual(
    gate.takeDue().map(({ packet }) => isBare(packet)),
    [false, true, false],
  );
});
