import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

describe('connection: faults of a real broker', () => {
  for (const protocolVersion of [5, 4, 3] as const) {
    it(
      `loses nothing at QoS 2 over restarts of a broker that keeps its sessions (version ${protocolVersion})`,
      LIMIT,
      async () => {
        await using broker = await startMosquitto({ persistence: true });
        const rig = connectionRig(broker.url, { protocolVersion }, { subscriptions: [wanted('t', { qos: 2 })] });
        await rig.open();
        let seq = 0;
        for (let round = 0; round < 3; round += 1) {
          for (let i = 0; i < 10; i += 1, seq += 1) rig.publish(seq, 't', { qos: 2 });
          await broker.restart();
          await until(() => rig.connection.state === 'running' && rig.connection.session.inflight === 0);
        }
        await until(() => rig.messages.length >= seq);
        assert.deepEqual(
          rig.messages.map(({ text }) => Number(text)),
          [...Array(seq).keys()],
          'each once, in order',
        );
        assert.deepEqual(rig.losses, []);
        await rig.connection.close();
      },
    );
  }

  it('says that an amnesic broker lost the session, and subscribes again (C3)', LIMIT, async () => {
    await using broker = await startMosquitto();
    const rig = connectionRig(broker.url, {}, { subscriptions: [wanted('t')] });
    await rig.open();
    await broker.kill();
    await until(() => rig.disconnects.length > 0);
    await broker.start();
    await until(() => rig.granted.length === 2);
    assert.equal(rig.losses.length, 1);
    rig.publish(0, 't');
    await until(() => rig.messages.length === 1);
    await rig.connection.close();
  });

  it('does not hang on a broker that is stopped: connect succeeds, CONNACK never comes (C6)', LIMIT, async () => {
    await using broker = await startMosquitto();
    broker.suspend();
    const once = connectionRig(broker.url, { autoReconnect: false, connackTimeout: 200 });
    await assert.rejects(once.open(), { code: 'TIMEOUT' });
    const patient = connectionRig(broker.url, { connackTimeout: 200 });
    const opening = patient.open();
    await until(() => patient.disconnects.length > 0);
    broker.resume();
    await opening;
    assert.equal(patient.connected[0]?.limits.receiveMaximum, 20, 'still 5.0: a timeout is no reason to fall back');
    await patient.connection.close();
  });

  it('says what is wrong with user and password', LIMIT, async () => {
    await using broker = await startMosquitto({ users: { user: 'right' } });
    const url = broker.url.replace('//', '//user:right@');
    const rig = connectionRig(url);
    await rig.open();
    await rig.connection.close();
    for (const protocolVersion of [5, 4] as const) {
      for (const credentials of [{ username: 'user', password: 'wrong' }, {}]) {
        const refused = connectionRig(broker.url, { protocolVersion, ...credentials });
        await assert.rejects(refused.open(), (error: Error) =>
          /BAD_CREDENTIALS|NOT_AUTHORIZED/.test(Reflect.get(error, 'code')),
        );
        assert.equal(refused.disconnects.length, 1);
      }
    }
  });
});
