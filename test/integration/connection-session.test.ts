import assert from 'node:assert/strict';
import { subscribe as listen, unsubscribe as unlisten } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import { accept, acceptResumed, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

const types = (client: FakeClient): readonly string[] => client.packets.map(({ type }) => type);

/** What a diagnostics channel told while `action` ran. */
async function told(channel: string, action: () => Promise<void>): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  const onMessage = (message: unknown): void => void seen.push(message);
  listen(channel, onMessage);
  try {
    await action();
  } finally {
    unlisten(channel, onMessage);
  }
  return seen;
}

/** Answers CONNECT as a broker that keeps the session: clean → fresh, otherwise present. */
function keeping(client: FakeClient): void {
  if (client.connect?.clean === true || client.index === 0) accept(client);
  else acceptResumed(client);
}

describe('connection: sessions and subscriptions', () => {
  it('connects clean at first and resumes over reconnects without subscribing again', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: keeping });
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('a'), wanted('b', { qos: 2 })] });
    await rig.open();
    assert.deepEqual(rig.granted[0], [
      { filter: 'a', requested: 1, granted: 1 },
      { filter: 'b', requested: 2, granted: 2 },
    ]);
    (await broker.client(0)).reset();
    await until(() => rig.granted.length === 2);
    const [first, second] = [await broker.client(0), await broker.client(1)];
    assert.deepEqual(
      [...broker.discards, first, second].map(({ connect }) => connect?.clean),
      [true, false, false],
      'an old session is thrown away once, by a connection of its own',
    );
    assert.deepEqual(types(first), ['connect', 'subscribe']);
    assert.deepEqual(types(second), ['connect']);
    assert.equal(rig.granted[1]?.length, 2);
    assert.equal(rig.losses.length, 0);
    await rig.connection.close();
  });

  it(
    'subscribes again with Retain Handling 1 at the start of a process, and says that the session is not verified',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({ connect: acceptResumed });
      const rig = connectionRig(broker.url, { clean: false }, { startClean: false, subscriptions: [wanted('a')] });
      const unverified = await told('millrace:session-unverified', () => rig.open());
      assert.equal(unverified.length, 1);
      const { subscriptions } = await broker.packet(await broker.client(0), 'subscribe');
      assert.deepEqual(
        subscriptions.map(({ filter, retainHandling }) => [filter, retainHandling]),
        [['a', 1]],
      );
      await rig.connection.close();
    },
  );

  it('subscribes again after a CONNECT whose CONNACK was lost, although the session is present', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        if (client.index === 1) client.reset();
        else keeping(client);
      },
    });
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('a')] });
    await rig.open();
    const unverified = await told('millrace:session-unverified', async () => {
      (await broker.client(0)).reset();
      await until(() => rig.granted.length === 2);
    });
    assert.deepEqual(types(await broker.client(1)), ['connect'], 'the fault fired');
    assert.deepEqual(types(await broker.client(2)), ['connect', 'subscribe']);
    assert.equal(unverified.length, 1);
    await rig.connection.close();
  });

  it('says that the session is lost and subscribes again when it is not present any more', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('a')] });
    await rig.open();
    (await broker.client(0)).reset();
    await until(() => rig.granted.length === 2);
    assert.deepEqual(rig.losses, [[]]);
    assert.deepEqual(types(await broker.client(1)), ['connect', 'subscribe']);
    await rig.connection.close();
  });

  it(
    'sends again what was in doubt when the session is lost, or gives it up, or fails, as the policy says',
    LIMIT,
    async () => {
      for (const onSessionLoss of ['redeliver', 'drop', 'fail'] as const) {
        await using broker = await startFakeBroker({ publish: () => {} });
        const rig = connectionRig(broker.url, {}, { onSessionLoss });
        await rig.open();
        rig.publish(7, 't');
        await broker.packet(await broker.client(0), 'publish');
        broker.script = {};
        (await broker.client(0)).reset();
        if (onSessionLoss === 'redeliver') {
          await until(() => rig.delivered.length === 1);
          assert.equal((await broker.packet(await broker.client(1), 'publish')).dup, false);
          assert.deepEqual(rig.losses, [[]]);
        } else if (onSessionLoss === 'drop') {
          await until(() => rig.losses.length === 1);
          assert.deepEqual(rig.losses, [[7]]);
        } else {
          await until(() => rig.failures.length === 1);
          assert.equal(rig.failures[0]?.code, 'SESSION_LOST');
          assert.equal(rig.connection.state, 'failed');
        }
        await rig.connection.close();
      }
    },
  );

  it(
    'sends an unanswered message again with the same id and DUP on a resumed session, and never on a live one',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({ connect: keeping, publish: () => {} });
      const rig = connectionRig(broker.url);
      await rig.open();
      rig.publish(0, 't');
      const first = await broker.packet(await broker.client(0), 'publish');
      broker.script = { connect: keeping };
      (await broker.client(0)).reset();
      await until(() => rig.delivered.length === 1);
      const again = await broker.packet(await broker.client(1), 'publish');
      assert.deepEqual([first.dup, again.dup, again.packetId], [false, true, first.packetId]);
      await rig.connection.close();
    },
  );

  it('fails with filter and code when a SUBSCRIBE is refused', LIMIT, async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, { packetId }) => client.send({ type: 'suback', packetId, reasonCodes: [1, 0x87] }),
    });
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('ok'), wanted('secret')] });
    await assert.rejects(rig.open(), { code: 'SUBSCRIPTION_REFUSED', details: { filter: 'secret', reasonCode: 0x87 } });
    assert.equal(rig.connection.state, 'failed');
    assert.deepEqual(rig.failures, [], 'told once: by the rejection');
    await until(() => broker.clients[0]?.ended);
    assert.equal(broker.clients.length, 1, 'no retry');
  });

  it('tells a lower granted QoS, and refuses it where the guarantee needs more', LIMIT, async () => {
    const lower = {
      subscribe: (client: FakeClient, { packetId }: { packetId: number }) =>
        client.send({ type: 'suback', packetId, reasonCodes: [1] }),
    };
    await using broker = await startFakeBroker(lower);
    const lenient = connectionRig(broker.url, {}, { subscriptions: [wanted('a', { qos: 2 })] });
    const events = await told('millrace:granted-qos', () => lenient.open());
    assert.deepEqual(events, [{ name: 'rig', filter: 'a', requested: 2, granted: 1 }]);
    assert.equal(lenient.granted[0]?.[0]?.granted, 1);
    await lenient.connection.close();
    const strict = connectionRig(broker.url, {}, { subscriptions: [wanted('a', { qos: 2 })], refuseLowerQos: true });
    await assert.rejects(strict.open(), { code: 'GRANTED_QOS_TOO_LOW' });
  });

  it(
    'QoS 0 for what is to be acknowledged is refused at the first connect, and outlasted at a reconnect (R24)',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({
        subscribe: (client, { packetId }) => {
          const lowered = client.index === 1 || client.index === 2;
          client.send({ type: 'suback', packetId, reasonCodes: [lowered ? 0 : 1] });
        },
      });
      const input = { subscriptions: [wanted('a')], refuseQos0: true, startClean: false };
      const rig = connectionRig(broker.url, {}, input);
      await rig.open();
      (await broker.client(0)).reset();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(
        rig.disconnects.slice(-2).map(({ code }) => code),
        ['GRANTED_QOS_TOO_LOW', 'GRANTED_QOS_TOO_LOW'],
      );
      await rig.connection.close();
      await using strict = await startFakeBroker({
        subscribe: (client, { packetId }) => client.send({ type: 'suback', packetId, reasonCodes: [0] }),
      });
      await assert.rejects(connectionRig(strict.url, {}, input).open(), { code: 'GRANTED_QOS_TOO_LOW' });
    },
  );

  it('fails before SUBSCRIBE when the CONNACK says that the server cannot do it', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.send({
          type: 'connack',
          sessionPresent: false,
          reasonCode: 0,
          properties: { wildcardSubscriptionAvailable: false },
        }),
    });
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('a/#')] });
    await assert.rejects(rig.open(), { code: 'SUBSCRIPTION_REFUSED' });
    await until(() => broker.clients[0]?.ended);
    assert.doesNotMatch(types(await broker.client(0)).join(), /subscribe/);
  });

  it('gives up a connection on which SUBACK never comes, and tries again', LIMIT, async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        if (client.index > 0) grant(client, packet);
      },
    });
    const rig = connectionRig(broker.url, { ackTimeout: 200 }, { subscriptions: [wanted('a')] });
    await rig.open();
    assert.equal(rig.disconnects[0]?.code, 'TIMEOUT');
    assert.equal(broker.clients.length, 2);
    await rig.connection.close();
  });

  it(
    'ends a session that is not kept by expiry 0 at DISCONNECT, and leaves a kept one as it is (R15)',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker();
      for (const clean of [true, false]) {
        const rig = connectionRig(broker.url, { clean });
        await rig.open();
        await rig.connection.close();
      }
      const goodbyes = await Promise.all(
        [0, 1].map(async (index) => broker.packet(await broker.client(index), 'disconnect')),
      );
      assert.deepEqual(
        goodbyes.map(({ properties }) => properties?.sessionExpiryInterval),
        [0, undefined],
      );
      const expiries = broker.clients.map(({ connect }) => connect?.properties?.sessionExpiryInterval);
      assert.deepEqual(expiries, [300, 604_800]);
    },
  );

  it('on 3.1.1 keeps the session over cuts and discards it at close (R6a, R8b)', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: keeping });
    const rig = connectionRig(broker.url, { protocolVersion: 4 });
    await rig.open();
    assert.deepEqual(broker.discards.map(types), [['connect', 'disconnect']]);
    (await broker.client(0)).reset();
    await until(() => rig.connected.length === 2);
    await rig.connection.close();
    assert.deepEqual(broker.clients.map(types), [['connect'], ['connect', 'disconnect']]);
    assert.equal(broker.discards.length, 2);
    const kept = connectionRig(broker.url, { protocolVersion: 4, clean: false }, { startClean: false });
    await kept.open();
    await kept.connection.close();
    assert.equal(broker.discards.length, 2, 'a kept session is neither discarded before nor after');
  });

  it('hands over messages that come before SUBACK, in order', LIMIT, async () => {
    const message = (text: string) =>
      ({
        type: 'publish',
        topic: 'a',
        payload: Buffer.from(text),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
      }) as const;
    await using broker = await startFakeBroker({
      connect: (client) => {
        acceptResumed(client);
        client.send(message('1'));
      },
      subscribe: (client, packet) => {
        client.send(message('2'));
        grant(client, packet);
        client.send(message('3'));
      },
    });
    const rig = connectionRig(broker.url, { clean: false }, { startClean: false, subscriptions: [wanted('a')] });
    await rig.open();
    await until(() => rig.messages.length === 3);
    assert.deepEqual(
      rig.messages.map(({ text }) => text),
      ['1', '2', '3'],
    );
    await rig.connection.close();
  });

  it('S14: subscribes to 20 filters at a broker that ends what asks for more than 8 at once', LIMIT, async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        if (packet.subscriptions.length > 8) client.fin();
        else grant(client, packet);
      },
    });
    const subscriptions = Array.from({ length: 20 }, (_, index) => wanted(`t/${index}`));
    const rig = connectionRig(broker.url, { autoReconnect: false }, { subscriptions });
    await rig.open();
    assert.equal(rig.granted[0]?.length, 20);
    const [client] = broker.clients;
    assert.equal(client?.packets.filter(({ type }) => type === 'subscribe').length, 3);
    await rig.connection.close();
  });

  it(
    'S14: no SUBSCRIBE is above the Maximum Packet Size of the server, and a filter that is gets a name',
    LIMIT,
    async () => {
      let largest = 0;
      await using broker = await startFakeBroker({
        connect: (client) =>
          client.send({
            type: 'connack',
            sessionPresent: false,
            reasonCode: 0,
            properties: { maximumPacketSize: 200 },
          }),
        subscribe: (client, packet) => {
          largest = Math.max(largest, encodePacket(packet, 5).length);
          grant(client, packet);
        },
      });
      const subscriptions = Array.from({ length: 20 }, (_, index) => wanted(`t/${'é'.repeat(30)}/${index}`));
      const rig = connectionRig(broker.url, { autoReconnect: false }, { subscriptions });
      await rig.open();
      assert.ok(largest > 100 && largest <= 200, `${largest}`);
      await rig.connection.close();
      const long = connectionRig(broker.url, { autoReconnect: false }, { subscriptions: [wanted('x'.repeat(300))] });
      await assert.rejects(long.open(), { code: 'MESSAGE_TOO_LARGE', message: /above the 200 bytes/ });
    },
  );
});
