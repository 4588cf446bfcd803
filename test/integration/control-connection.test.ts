import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ControlConnection, ControlEnd } from '../../src/mqtt/connection/conflict/control-connection.js';
import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import { type FakeBroker, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { type ConnectionRig, connectionRig } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

interface ControlRig {
  readonly rig: ConnectionRig;
  readonly control: ControlConnection;
  /** `accepted`, or how it ended. */
  readonly told: readonly ('accepted' | ControlEnd)[];
  start(): void;
}

/** A connection that is open, and a control connection beside it. */
async function openRig(url: string, options: ConnectOptions = {}): Promise<ControlRig> {
  const rig = connectionRig(url, { username: 'u', password: 'p', ...options });
  const told: ('accepted' | ControlEnd)[] = [];
  const control = rig.connection.control({ onAccepted: () => told.push('accepted'), onEnd: (end) => told.push(end) });
  onCleanup(() => control.stop());
  await rig.open();
  return { rig, control, told, start: () => control.start(rig.connection.place) };
}

const controls = ({ clients }: FakeBroker): readonly FakeClient[] =>
  clients.filter(({ connect }) => connect?.clientId.startsWith('control-'));

const endOf = async ({ told }: ControlRig): Promise<ControlEnd> =>
  until(() => told.find((entry): entry is ControlEnd => entry !== 'accepted'), { what: 'the end of the control' });

describe('control connection', () => {
  for (const version of [5, 4] as const) {
    it(
      `is a client of its own beside the connection, clean, with its credentials, and asks for nothing (MQTT ${version})`,
      LIMIT,
      async () => {
        await using broker = await startFakeBroker();
        const beside = await openRig(broker.url, { protocolVersion: version, will: { topic: 'w', payload: 'w' } });
        beside.start();
        await until(() => beside.told.length > 0);
        assert.deepEqual(beside.told, ['accepted']);
        const [control] = controls(broker);
        assert.equal(control?.connect?.version, version);
        assert.equal(control?.connect?.clean, true);
        assert.equal(control?.connect?.username, 'u');
        assert.equal(control?.connect?.will, undefined);
        assert.deepEqual(
          control?.packets.map(({ type }) => type),
          ['connect'],
        );
        assert.ok((beside.control.livedMs ?? -1) >= 0);
        assert.equal(beside.rig.connection.connected, true);
      },
    );
  }

  it('is one at a time, and another one once it has ended', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url);
    beside.start();
    beside.start();
    await until(() => beside.told.length > 0);
    beside.start();
    await beside.rig.connection.close();
    assert.equal(controls(broker).length, 1);
    beside.control.stop();
    beside.start();
    await until(() => beside.told.length > 1);
    assert.equal(controls(broker).length, 1, 'the first one is among the discards');
    assert.equal(broker.discards.length >= 1, true);
  });

  it('tells its end, who made it, and how long it lived', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url);
    beside.start();
    await until(() => beside.told.length > 0);
    controls(broker)[0]?.fin();
    const end = await endOf(beside);
    assert.equal(end.byFin, true);
    assert.equal(end.error.code, 'CONNECTION_LOST');
    assert.ok((end.livedMs ?? -1) >= 0);
    assert.equal(beside.control.running, false);
    assert.equal(beside.control.livedMs, undefined);
  });

  it('tells a refusal of its client id, which is no life at all', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url);
    broker.script = { connect: (client) => client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x85 }) };
    beside.start();
    const end = await endOf(beside);
    assert.equal(end.error.code, 'CLIENT_ID_REJECTED');
    assert.equal(end.livedMs, undefined);
    assert.equal(beside.told.includes('accepted'), false);
  });

  it('takes over our session and answers for nothing in it: all of it comes again (R19a)', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url);
    broker.script = {
      connect: (client) => {
        client.send({ type: 'connack', sessionPresent: true, reasonCode: 0 });
        client.send({ type: 'pubrel', packetId: 9, reasonCode: 0 });
        for (const qos of [1, 2] as const) {
          const payload = new Uint8Array(1);
          client.send({ type: 'publish', topic: 't', payload, qos, retain: false, dup: true, packetId: qos });
        }
        client.send({ type: 'pubrec', packetId: 5, reasonCode: 0 });
        client.send({ type: 'disconnect', reasonCode: 0x8e });
      },
    };
    beside.control.start({ ...beside.rig.connection.place, resume: true });
    const end = await endOf(beside);
    assert.equal(end.error.reasonCode, 0x8e, 'all before it was read');
    const watching = broker.clients.findLast(({ connect }) => connect?.clientId === 'rig');
    await until(() => watching?.gotFin);
    assert.deepEqual(
      watching?.packets.map(({ type }) => type),
      ['connect'],
    );
  });

  it('gives up on a server that does not answer its CONNECT in time', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url, { connackTimeout: 1000 });
    broker.script = { connect: () => {} };
    beside.start();
    const end = await endOf(beside);
    assert.equal(end.error.code, 'TIMEOUT');
    assert.equal(end.livedMs, undefined);
  });

  it('tells nothing once it is stopped, also amid its opening', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const beside = await openRig(broker.url);
    broker.script = { connect: () => {} };
    beside.start();
    await until(() => controls(broker).length === 1);
    beside.control.stop();
    await until(() => controls(broker)[0]?.ended);
    beside.start();
    beside.control.stop();
    assert.equal(beside.control.running, false);
    assert.deepEqual(beside.told, []);
  });

  it('lives on while the connection beside it ends, and takes no session from it (mosquitto)', LIMIT, async () => {
    const broker = await startMosquitto();
    const beside = await openRig(broker.url);
    beside.start();
    await until(() => beside.told.length > 0);
    beside.rig.publish(0, 't');
    await until(() => beside.rig.delivered.length === 1);
    assert.deepEqual(beside.rig.disconnects, []);
    await beside.rig.connection.close();
    assert.deepEqual(beside.told, ['accepted']);
    assert.ok(beside.control.livedMs !== undefined);
  });
});
