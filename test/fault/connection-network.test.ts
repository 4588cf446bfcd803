import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { accept, acceptResumed, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

/** A broker that keeps the session from the first accepted CONNECT on. */
function keeper(): (client: FakeClient) => void {
  let has = false;
  return (client) => {
    if (has && client.connect?.clean === false) acceptResumed(client);
    else accept(client);
    has = client.connect?.clean === false;
  };
}

const sockets = (): number => readdirSync('/proc/self/fd').length;

describe('connection: faults of the network', () => {
  it('makes progress while every connection is reset after 200 ms, without a storm or a leak (B8)', LIMIT, async () => {
    const connect = keeper();
    await using broker = await startFakeBroker({
      connect: (client) => {
        connect(client);
        setTimeout(() => client.reset(), 200);
      },
    });
    const rig = connectionRig(
      broker.url,
      { reconnectPeriod: 50, maxReconnectPeriod: 100 },
      { subscriptions: [wanted('a')] },
    );
    await rig.open();
    const before = sockets();
    let seq = 0;
    const publish = setInterval(() => {
      if (!rig.connection.connected || rig.connection.session.credit === 0) return;
      rig.publish(seq, 't');
      seq += 1;
    }, 10);
    await until(() => broker.clients.length >= 15 && seq > 50);
    clearInterval(publish);
    broker.script = { connect };
    await until(() => rig.connection.session.inflight === 0 && rig.connection.state === 'running');
    assert.deepEqual(rig.delivered, [...Array(seq).keys()], 'each delivered, in order');
    assert.ok(sockets() <= before + 4, 'no descriptors are left behind');
    assert.deepEqual(rig.failures, [], 'RST is never a client-id conflict');
    await rig.connection.close();
  });

  it('does not storm: the waits between attempts grow', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: (client) => client.reset() });
    const rig = connectionRig(broker.url, { protocolVersion: 5, reconnectPeriod: 100, maxReconnectPeriod: 10_000 });
    const opening = rig.open();
    opening.catch(() => {});
    const begun = performance.now();
    await until(() => broker.clients.length >= 4);
    const rate =
      (await new Promise<number>((resolve) => setTimeout(() => resolve(broker.clients.length), 1500))) /
      (performance.now() - begun);
    assert.ok(rate < 0.02, `${rate * 1000} attempts a second`);
    await rig.connection.close();
    await assert.rejects(opening, { code: 'ABORTED' });
  });

  for (const how of ['fin', 'reset'] as const) {
    for (const phase of ['accepted', 'connect', 'subscribe', 'publish', 'pubrel'] as const) {
      it(`goes on after a ${how} at "${phase}", and loses nothing`, LIMIT, async () => {
        const connect = keeper();
        let fired = 0;
        const cut = (client: FakeClient, otherwise: () => void): void => {
          if (fired > 0) otherwise();
          else client[how]();
          fired += 1;
        };
        await using broker = await startFakeBroker({
          accepted: (client) => phase === 'accepted' && cut(client, () => {}),
          connect: (client) => (phase === 'connect' ? cut(client, () => connect(client)) : connect(client)),
          subscribe: (client, packet) =>
            phase === 'subscribe' ? cut(client, () => grant(client, packet)) : grant(client, packet),
          publish: (client, { packetId }) => {
            const answer = () => client.send({ type: 'pubrec', packetId, reasonCode: 0 });
            if (phase === 'publish') cut(client, answer);
            else answer();
          },
          pubrel: (client, { packetId }) => {
            const answer = () => client.send({ type: 'pubcomp', packetId, reasonCode: 0 });
            if (phase === 'pubrel') cut(client, answer);
            else answer();
          },
        });
        const rig = connectionRig(broker.url, { protocolVersion: 5 }, { subscriptions: [wanted('a')] });
        await rig.open();
        for (let seq = 0; seq < 5; seq += 1) rig.publish(seq, 't', { qos: 2 });
        await until(() => rig.delivered.length === 5);
        assert.deepEqual(rig.delivered, [0, 1, 2, 3, 4]);
        assert.ok(fired >= 1, 'the fault fired');
        await rig.connection.close();
      });
    }
  }

  it('notices a peer that is silent but does not close, by PINGRESP (B5, B6)', LIMIT, async () => {
    const connect = keeper();
    await using broker = await startFakeBroker({
      connect,
      pingreq: (client) => {
        if (client.index > 0) client.send({ type: 'pingresp' });
      },
    });
    const rig = connectionRig(broker.url, { keepalive: 1, pingTimeout: 300 });
    await rig.open();
    const begun = performance.now();
    await until(() => rig.connected.length === 2);
    assert.equal(rig.disconnects[0]?.code, 'TIMEOUT');
    assert.ok(performance.now() - begun < 15_000);
    await until(() => broker.clients[1]?.packets.some(({ type }) => type === 'pingreq'));
    assert.equal(rig.connection.state, 'running');
    await rig.connection.close();
  });

  it('notices that acknowledgements do not come although the connection lives (E5, R21)', LIMIT, async () => {
    const connect = keeper();
    await using broker = await startFakeBroker({ connect, publish: () => {} });
    const rig = connectionRig(broker.url, { ackTimeout: 300 });
    await rig.open();
    rig.publish(0, 't');
    await until(() => rig.disconnects.length === 1);
    assert.equal(rig.disconnects[0]?.code, 'TIMEOUT');
    broker.script = { connect };
    await until(() => rig.delivered.length === 1);
    assert.equal(
      (await broker.client(0)).packets.filter(({ type }) => type === 'publish').length,
      1,
      'no retry on a live connection',
    );
    await rig.connection.close();
  });

  it('gives up a server that takes no bytes (B13), with memory bounded', LIMIT, async () => {
    const connect = keeper();
    await using broker = await startFakeBroker({
      connect: (client) => {
        connect(client);
        if (client.index === 0 && client.connect?.clean === false) client.setReading(false);
      },
    });
    const rig = connectionRig(broker.url, { writeTimeout: 300 });
    await rig.open();
    for (let seq = 0; seq < 24; seq += 1) rig.publish(seq, 't', { payload: new Uint8Array(1_000_000) });
    assert.ok(rig.connection.bufferedBytes > 0);
    await until(() => rig.disconnects.length === 1);
    assert.match(rig.disconnects[0]?.message ?? '', /took no bytes/);
    await until(() => rig.delivered.length === 24);
    await rig.connection.close();
  });

  it('closes within its time although the server takes nothing', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        accept(client);
        client.setReading(client.connect?.clean === true);
      },
    });
    const rig = connectionRig(broker.url);
    await rig.open();
    for (let seq = 0; seq < 20; seq += 1) rig.publish(seq, 't', { payload: new Uint8Array(1_000_000) });
    const begun = performance.now();
    await rig.connection.close(200);
    assert.ok(performance.now() - begun < 10_000);
    assert.deepEqual(rig.disconnects, []);
  });

  it('does not take a stall of this process for a silent server (I2)', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url, { keepalive: 1, pingTimeout: 400, writeTimeout: 400, ackTimeout: 400 });
    await rig.open();
    const client = await broker.client(0);
    await until(() => client.packets.some(({ type }) => type === 'pingreq'));
    rig.publish(0, 't', { payload: new Uint8Array(1_100_000) });
    for (let seq = 1; seq < 9; seq += 1) rig.publish(seq, 't', { payload: new Uint8Array(1_000_000) });
    assert.ok(rig.connection.bufferedBytes > 0);
    const until2s = performance.now() + 2000;
    while (performance.now() < until2s);
    await until(() => rig.delivered.length === 9);
    assert.deepEqual(rig.disconnects, []);
    await rig.connection.close();
  });

  it('reads no more while the owner has no room, and keeps the connection alive', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url, { keepalive: 1, pingTimeout: 200 });
    await rig.open();
    const client = await broker.client(0);
    rig.connection.setReading(false);
    client.send({
      type: 'publish',
      topic: 't',
      payload: new Uint8Array(1),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
    });
    await until(() => client.packets.filter(({ type }) => type === 'pingreq').length >= 2);
    assert.deepEqual([rig.messages.length, rig.disconnects.length], [0, 0]);
    rig.connection.setReading(true);
    await until(() => rig.messages.length === 1);
    await rig.connection.close();
  });

  it('survives bytes that are no MQTT, and tells the server why on 5.0 (H)', LIMIT, async () => {
    const connect = keeper();
    await using broker = await startFakeBroker({ connect });
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('a')] });
    await rig.open();
    const client = await broker.client(0);
    client.sendBytes(Buffer.from([0x00, 0x00]));
    await until(() => rig.granted.length === 2);
    assert.ok((await broker.packet(client, 'disconnect')).reasonCode >= 0x80);
    await rig.connection.close();
  });
});
