import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readSessionRecord } from '../../src/mqtt/connection/identity/record/read-session-record.js';
import { accept, acceptResumed, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { type Certificate, makeCertificates } from '../support/certificates.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig } from '../support/rigs/durable-rig.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const refuse =
  (reasonCode: number) =>
  (client: FakeClient): void => {
    client.send({ type: 'connack', sessionPresent: false, reasonCode });
    client.fin();
  };

const codes = (told: Told): readonly unknown[] =>
  told.events.map(({ data }) => Reflect.get(Object(Reflect.get(Object(data), 'error')), 'code'));

describe('connection: refusals after an accepted connect (R24)', () => {
  it('outlasts a broker that is restarted with another password file for a while (S5)', LIMIT, async () => {
    const users = { bridge: 'right' };
    await using broker = await startMosquitto({ users });
    using told = new Told('refused-for-now');
    const rig = connectionRig(broker.url, { username: 'bridge', password: 'right' });
    await rig.open();
    await broker.stop();
    const other = await startMosquitto({ port: broker.port, users: { bridge: 'wrong' } });
    await until(() => told.events.length >= 2);
    await other.stop();
    await broker.start();
    await until(() => rig.connected.length === 2);
    assert.deepEqual([...new Set(codes(told))], ['NOT_AUTHORIZED']);
    assert.doesNotMatch(JSON.stringify(told.events), /right|wrong/);
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
  });

  it('outlasts a certificate that does not verify, and is failed by it at the first connect (S5)', LIMIT, async () => {
    const { ca, caFile, server, expired } = await makeCertificates();
    const dir = tempDir('renewed');
    const show = ({ certFile, keyFile }: Certificate): void => {
      copyFileSync(certFile, join(dir, 'cert.pem'));
      copyFileSync(keyFile, join(dir, 'key.pem'));
    };
    const config = [`cafile ${caFile}`, `certfile ${join(dir, 'cert.pem')}`, `keyfile ${join(dir, 'key.pem')}`];
    show(server);
    await using broker = await startMosquitto({ listeners: [{ config }] });
    const url = `mqtts://localhost:${broker.listenerPorts[0]}`;
    using told = new Told('refused-for-now');
    const rig = connectionRig(url, { ca });
    await rig.open();
    show(expired);
    await broker.restart();
    await until(() => told.events.length >= 2);
    await assert.rejects(connectionRig(url, { ca, clientId: 'new' }).open(), { code: 'TLS_REFUSED' });
    show(server);
    await broker.restart();
    await until(() => rig.connected.length === 2);
    assert.deepEqual([...new Set(codes(told))], ['TLS_REFUSED']);
    await rig.connection.close();
  });

  it(
    'outlasts a subscription that is refused at a reconnect, and is failed by it at the first connect',
    LIMIT,
    async () => {
      const denies = (client: FakeClient): boolean => client.index === 1 || client.index === 2;
      await using broker = await startFakeBroker({
        subscribe: (client, packet) =>
          denies(client)
            ? client.send({ type: 'suback', packetId: packet.packetId, reasonCodes: [0x87] })
            : grant(client, packet),
      });
      using told = new Told('refused-for-now');
      const input = { subscriptions: [wanted('t')], startClean: false };
      const rig = connectionRig(broker.url, {}, input);
      await rig.open();
      (await broker.client(0)).reset();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(codes(told), ['SUBSCRIPTION_REFUSED', 'SUBSCRIPTION_REFUSED']);
      await rig.connection.close();
      await using strict = await startFakeBroker({
        subscribe: (client, { packetId }) => client.send({ type: 'suback', packetId, reasonCodes: [0x87] }),
      });
      await assert.rejects(connectionRig(strict.url, {}, input).open(), { code: 'SUBSCRIPTION_REFUSED' });
      assert.equal(strict.clients.length, 1);
    },
  );

  it(
    'outlasts a SUBSCRIBE above what the broker takes in a packet since a reconnect, and is failed by it at the first',
    LIMIT,
    async () => {
      const limit = (client: FakeClient): void =>
        client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties: { maximumPacketSize: 30 } });
      await using broker = await startFakeBroker({
        connect: (client) => (client.index === 1 || client.index === 2 ? limit(client) : accept(client)),
      });
      using told = new Told('refused-for-now');
      const input = { subscriptions: [wanted('a/filter/of/some/length')], startClean: false };
      const rig = connectionRig(broker.url, {}, input);
      await rig.open();
      (await broker.client(0)).reset();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(codes(told), ['MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE']);
      assert.deepEqual(rig.failures, []);
      await rig.connection.close();
      await using strict = await startFakeBroker({ connect: limit });
      await assert.rejects(connectionRig(strict.url, {}, input).open(), { code: 'MESSAGE_TOO_LARGE' });
      assert.equal(strict.clients.length, 1);
    },
  );

  it('is failed by a refusal that lasts for longer than refusalTimeout, with what was refused', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => (client.index === 0 ? accept(client) : refuse(0x87)(client)),
    });
    for (const [refusalTimeout, least] of [
      [0, 2],
      [300, 3],
    ] as const) {
      const before = broker.clients.length;
      broker.script = { connect: (client) => (client.index === before ? accept(client) : refuse(0x87)(client)) };
      const rig = connectionRig(broker.url, { refusalTimeout }, { startClean: false });
      await rig.open();
      (await broker.client(before)).reset();
      await until(() => rig.failures.length === 1);
      assert.equal(rig.failures[0]?.code, 'NOT_AUTHORIZED');
      assert.ok(broker.clients.length - before >= least);
    }
  });

  it('knows the first connect from the store, by the settings of then', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const record = new MemoryRecord();
    const life = (password: string) =>
      durableRig(broker.url, { record: record.crash(), options: { username: 'u', password, protocolVersion: 4 } });
    const first = durableRig(broker.url, { record, options: { username: 'u', password: 'p', protocolVersion: 4 } });
    await first.open();
    await first.connection.close();
    assert.match(readSessionRecord(record.value)?.settings ?? '', /^[0-9a-f]{4}$/);
    let refusals = 0;
    broker.script = {
      connect: (client) => {
        refusals += 1;
        if (refusals <= 2) client.sendBytes(Buffer.from([0x20, 2, 0, 5]));
        else acceptResumed(client);
      },
    };
    using told = new Told('refused-for-now');
    const again = life('p');
    await again.open();
    assert.deepEqual(codes(told), ['NOT_AUTHORIZED', 'NOT_AUTHORIZED']);
    await again.connection.close();
    refusals = 0;
    await assert.rejects(life('another').open(), { code: 'NOT_AUTHORIZED' });
    assert.equal(refusals, 1, 'other settings were never accepted');
  });
});
