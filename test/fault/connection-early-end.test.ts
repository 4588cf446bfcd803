import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

const KEPT = { startClean: false, keepSession: true, subscriptions: [wanted('a')] };
const CONNACK = [0x20, 3, 0, 0, 0];

/** The first connection gets these bytes in one write, with the CONNACK in front; all others are accepted. */
function firstGets(bytes: readonly number[]): (client: FakeClient) => void {
  return (client) => {
    if (client.index === 0) client.sendBytes(Uint8Array.from([...CONNACK, ...bytes]));
    else accept(client);
  };
}

describe('connection: ends in the moment it begins', () => {
  for (const [what, bytes, code] of [
    ['a DISCONNECT', [0xe0, 1, 0x8b], 'DISCONNECTED_BY_BROKER'],
    ['bytes that are no MQTT (CVE-2025-66023)', [0x00, 0x00], 'MALFORMED_PACKET'],
  ] as const) {
    it(`outlasts ${what} in the same segment as CONNACK, before it could subscribe`, LIMIT, async () => {
      await using broker = await startFakeBroker({ connect: firstGets(bytes) });
      const rig = connectionRig(broker.url, {}, KEPT);
      await rig.open();
      assert.equal(rig.disconnects[0]?.code, code);
      assert.equal(broker.clients.length, 2);
      await rig.connection.close();
    });
  }

  it('outlasts a protocol error behind the CONNACK of a lost session', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url, {}, KEPT);
    await rig.open();
    const first = await broker.client(0);
    first.send({
      type: 'publish',
      topic: 'a',
      payload: new Uint8Array(1),
      qos: 2,
      retain: false,
      dup: false,
      packetId: 1,
    });
    broker.script = {
      connect: (client) => {
        if (client.index === 1) client.sendBytes(Uint8Array.from([...CONNACK, 0x00, 0x00]));
        else accept(client);
      },
      pubrec: () => {},
    };
    await until(() => rig.messages.length === 1);
    first.reset();
    await until(() => rig.granted.length === 2);
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['CONNECTION_LOST', 'MALFORMED_PACKET'],
    );
    await rig.connection.close();
  });

  it('fails with the reason when the broker takes no packet as large as the SUBSCRIBE', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties: { maximumPacketSize: 20 } }),
    });
    const rig = connectionRig(
      broker.url,
      {},
      { ...KEPT, subscriptions: [wanted('a/filter/that/is/longer/than/that')] },
    );
    await assert.rejects(rig.open(), { code: 'MESSAGE_TOO_LARGE' });
    assert.equal(rig.connection.state, 'failed');
    await until(() => broker.clients[0]?.ended);
  });

  it('leaves no socket behind when CONNECT cannot be written', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const credentials = () => ({ password: 'a password without a user name' });
    const rig = connectionRig(broker.url, { protocolVersion: 4, credentials }, KEPT);
    await assert.rejects(rig.open(), { fault: 'user' });
    await until(() => broker.clients[0]?.ended);
  });

  for (const [what, options] of [
    ['a client id too long for 3.1', { clientId: 'longer than the 23 characters of 3.1' }],
    ['a will with properties of 5.0', { will: { topic: 'w', properties: { willDelayInterval: 1 } } }],
  ] as const) {
    it(`does not fail on ${what} while a proxy closes because its broker is away`, LIMIT, async () => {
      let away = true;
      await using broker = await startFakeBroker({ connect: (client) => (away ? client.fin() : accept(client)) });
      const rig = connectionRig(broker.url, options, KEPT);
      const opening = rig.open();
      await until(() => broker.clients.length >= 5);
      away = false;
      await opening;
      await rig.connection.close();
    });
  }
});
