import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptResumed, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig } from '../support/rigs/durable-rig.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { Told, toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

const ALLOWED = { followServerReference: true } as const;

/** CONNACK or DISCONNECT that names another server. */
function send(client: FakeClient, type: 'connack' | 'disconnect', reasonCode: number, serverReference?: string): void {
  const properties = serverReference === undefined ? {} : { properties: { serverReference } };
  const packet = { reasonCode, ...properties };
  client.send(type === 'connack' ? { type, sessionPresent: false, ...packet } : { type, ...packet });
  client.fin();
}

const events = (told: Told): readonly (readonly [string, unknown])[] =>
  told.events.map(({ name, data }) => [name, data]);

describe('connection: server references', () => {
  it('are not followed unless it is allowed, and the error says what the broker said', LIMIT, async () => {
    await using other = await startFakeBroker();
    await using broker = await startFakeBroker({
      connect: (client) => send(client, 'connack', 0x9d, `127.0.0.1:${other.port}`),
    });
    const rig = connectionRig(broker.url, { autoReconnect: false }, { startClean: false });
    await assert.rejects(rig.open(), {
      code: 'CONNECTION_REFUSED_BY_BROKER',
      message: new RegExp(`Server moved, it names "127.0.0.1:${other.port}"`),
      reasonCode: 0x9d,
      details: { serverReference: `127.0.0.1:${other.port}` },
    });
    assert.equal(other.clients.length, 0);
  });

  it(
    'for now: the other server is asked at once, until it fails; then the list has its turn again',
    LIMIT,
    async () => {
      using told = new Told('redirect', 'redirect-refused');
      await using other = await startFakeBroker();
      await using broker = await startFakeBroker({
        connect: (client) => send(client, 'connack', 0x9c, `127.0.0.1:${other.port}`),
      });
      const rig = connectionRig(broker.url, ALLOWED, { subscriptions: [wanted('t')] });
      await rig.open();
      assert.deepEqual([broker.clients.length, other.clients.length], [1, 1]);
      assert.deepEqual(events(told), [['redirect', { name: 'rig', server: broker.url, moved: false, to: other.url }]]);
      broker.script = {};
      await other.stop();
      await until(() => rig.granted.length === 2);
      assert.ok(broker.clients.length >= 2);
      await rig.connection.close();
    },
  );

  it('to a server that only fails do not keep us from the others of the list', LIMIT, async () => {
    await using gone = await startFakeBroker();
    const reference = `127.0.0.1:${gone.port}`;
    await gone.stop();
    await using broker = await startFakeBroker({ connect: (client) => send(client, 'connack', 0x9c, reference) });
    await using other = await startFakeBroker();
    const servers = [broker, other].map(({ port }) => ({ host: '127.0.0.1', port }));
    const rig = connectionRig(broker.url, { ...ALLOWED, servers }, { startClean: false });
    await rig.open();
    assert.deepEqual([broker.clients.length, other.clients.length], [1, 1]);
    await rig.connection.close();
  });

  it('of a DISCONNECT in the place of CONNACK are followed, too', LIMIT, async () => {
    await using other = await startFakeBroker();
    await using broker = await startFakeBroker({
      connect: (client) => send(client, 'disconnect', 0x9c, `127.0.0.1:${other.port}`),
    });
    const rig = connectionRig(broker.url, ALLOWED, { startClean: false });
    await rig.open();
    assert.deepEqual([broker.clients.length, other.clients.length], [1, 1]);
    await rig.connection.close();
  });

  it(
    'for good, on a live connection: another server is another session (R5b), unless they share them',
    LIMIT,
    async () => {
      for (const serversShareSessions of [false, true]) {
        await using other = await startFakeBroker({ connect: acceptResumed });
        await using broker = await startFakeBroker();
        const rig = connectionRig(
          broker.url,
          { ...ALLOWED, serversShareSessions },
          { startClean: false, subscriptions: [wanted('t')] },
        );
        await rig.open();
        send(await broker.client(0), 'disconnect', 0x9d, `127.0.0.1:${other.port}`);
        await until(() => rig.granted.length === 2);
        assert.equal(rig.losses.length, serversShareSessions ? 0 : 1);
        (await other.client(0)).reset();
        await until(() => rig.granted.length === 3);
        assert.deepEqual([broker.clients.length, other.clients.length], [1, 2]);
        await rig.connection.close();
      }
    },
  );

  it('in a job with a store the session stays good where it is, and the loss is told', LIMIT, async () => {
    await using other = await startFakeBroker();
    await using broker = await startFakeBroker();
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, options: ALLOWED, input: { onSessionLoss: 'fail' } });
    await rig.open();
    send(await broker.client(0), 'disconnect', 0x9c, `127.0.0.1:${other.port}`);
    await until(() => rig.failures.length === 1);
    assert.equal(rig.failures[0]?.code, 'SESSION_LOST');
    await rig.connection.close();
  });

  it('in a job with a store lead each start to the session, which goes on', LIMIT, async () => {
    await using other = await startFakeBroker(keepingScript());
    await using broker = await startFakeBroker({
      connect: (client) => send(client, 'connack', 0x9c, `127.0.0.1:${other.port}`),
    });
    const record = new MemoryRecord();
    const input = { onSessionLoss: 'fail', subscriptions: [wanted('t')] } as const;
    for (const proven of [[], ['session-verified']]) {
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record, options: ALLOWED, input });
      await rig.open();
      assert.deepEqual([told.names, rig.losses], [proven, []]);
      await rig.connection.close();
    }
  });

  it('in a circle cost no storm: the waits of a reconnect apply, and it is told', LIMIT, async () => {
    using told = new Told('redirect', 'redirect-refused');
    await using other = await startFakeBroker();
    await using broker = await startFakeBroker({
      connect: (client) => send(client, 'connack', 0x9c, `127.0.0.1:${other.port}`),
    });
    other.script = { connect: (client) => send(client, 'connack', 0x9c, `127.0.0.1:${broker.port}`) };
    const rig = connectionRig(broker.url, { ...ALLOWED, autoReconnect: false }, { startClean: false });
    await assert.rejects(rig.open(), { code: 'CONNECTION_REFUSED_BY_BROKER', reasonCode: 0x9c });
    assert.deepEqual([broker.clients.length, other.clients.length], [1, 1]);
    assert.deepEqual(told.names, ['redirect', 'redirect-refused']);
    assert.deepEqual(told.events[1]?.data, {
      name: 'rig',
      server: other.url,
      moved: false,
      problem: 'it leads in a circle',
    });
  });

  it('that are malformed, or missing, are told and not followed', LIMIT, async () => {
    using told = new Told('redirect', 'redirect-refused');
    for (const reference of ['not/a/place', undefined]) {
      await using broker = await startFakeBroker({ connect: (client) => send(client, 'connack', 0x9d, reference) });
      const rig = connectionRig(broker.url, { ...ALLOWED, autoReconnect: false }, { startClean: false });
      await assert.rejects(rig.open(), { code: 'CONNECTION_REFUSED_BY_BROKER' });
    }
    assert.deepEqual(told.names, ['redirect-refused', 'redirect-refused']);
  });
});
