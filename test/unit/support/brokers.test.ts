import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { startAedes } from '../../support/brokers/aedes-broker.js';
import { startFakeBroker } from '../../support/brokers/fake-broker.js';
import { startMosquitto } from '../../support/brokers/mosquitto.js';
import { publishAll } from '../../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../../support/clients/mosquitto-sub.js';
import { SUITE_LIMIT } from '../../support/limits.js';
import { until } from '../../support/until.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `message ${index}`);

describe('the brokers and verifiers of the tests', SUITE_LIMIT, () => {
  it('carry every message in order, with its QoS and retain flag', async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port, topic: 'a/#' });
    await publishAll({ port: broker.port, topic: 'a/b', qos: 2 }, numbers(3000));
    await sub.untilCount(3000);
    assert.deepEqual(sub.texts, numbers(3000));
    assert.equal(sub.messages[0]?.topic, 'a/b');
    assert.equal(sub.messages[0]?.qos, 2);
    await publishAll({ port: broker.port, topic: 'r', qos: 1, retain: true }, ['kept']);
    await using late = await startMosquittoSub({ port: broker.port, topic: 'r' });
    await late.untilCount(1);
    assert.equal(late.messages[0]?.retain, true);
  });

  it('keep a session over an orderly stop and over a crash after a save, on the same port', async () => {
    await using broker = await startMosquitto({ persistence: true });
    const subscription = { port: broker.port, topic: 'k', clientId: 'keeper' };
    await (await startMosquittoSub(subscription)).close();
    await publishAll({ port: broker.port, topic: 'k' }, ['one']);
    await broker.restart();
    await publishAll({ port: broker.port, topic: 'k' }, ['two']);
    assert.equal((await broker.saveThenKill()).signal, 'SIGKILL');
    await broker.start();
    await using sub = await startMosquittoSub(subscription);
    await sub.untilCount(2);
    assert.deepEqual(sub.texts, ['one', 'two']);
  });

  it('refuse a wrong password and end a suspended broker', async () => {
    await using broker = await startMosquitto({ users: { ann: 'right' } });
    const login = { port: broker.port, topic: 'p', username: 'ann' };
    await publishAll({ ...login, password: 'right' }, ['in']);
    await assert.rejects(publishAll({ ...login, password: 'wrong' }, ['out']));
    broker.suspend();
    assert.equal((await broker.stop()).code, 0);
  });

  it('serve MQTT over WebSocket from mosquitto and from the embedded broker', async () => {
    await using broker = await startMosquitto({ listeners: [{ protocol: 'websockets' }] });
    assert.equal(broker.listenerPorts.length, 1);
    await using embedded = await startAedes({ webSocket: true });
    for (const url of [`ws://127.0.0.1:${broker.listenerPorts[0]}`, embedded.url]) {
      const socket = new WebSocket(url, 'mqtt');
      await once(socket, 'open');
      assert.equal(socket.protocol, 'mqtt');
      socket.close();
    }
  });

  it('close a connection that is reset while its orderly end goes out', async () => {
    await using broker = await startFakeBroker();
    connect(broker.port, '127.0.0.1').on('error', () => {});
    const client = await broker.client(0);
    client.fin();
    client.reset();
    await until(() => client.ended);
  });
});
