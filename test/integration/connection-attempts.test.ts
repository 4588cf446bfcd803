import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import {
  accept,
  acceptResumed,
  type FakeClient,
  type FakeScript,
  startFakeBroker,
} from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { freePort } from '../support/free-port.js';
import { LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

function refuse(reasonCode: number): (client: FakeClient) => void {
  return (client) => {
    client.send({ type: 'connack', sessionPresent: false, reasonCode });
    client.fin();
  };
}

const versions = (clients: readonly FakeClient[]): readonly (number | undefined)[] =>
  clients.map(({ connect }) => connect?.version);

describe('connection: attempts', () => {
  it('ignores what a CONNACK answers although nobody asked, and tells it', LIMIT, async () => {
    using told = new Told('properties-unasked');
    const properties = {
      authenticationMethod: 'PLAIN',
      responseInformation: 'r/',
      assignedClientIdentifier: 'another',
    };
    await using broker = await startFakeBroker({
      connect: (client) => client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties }),
    });
    const rig = connectionRig(broker.url);
    await rig.open();
    const [event] = told.events;
    assert.deepEqual(Object(event?.data).properties, Object.keys(properties));
    assert.equal(Object(event?.data).clientId, broker.clients[0]?.connect?.clientId);
    assert.equal(rig.disconnects.length, 0);
    await rig.connection.close();
  });

  it('keeps trying to connect at first too, and shows every failed attempt', LIMIT, async () => {
    const port = await freePort();
    const rig = connectionRig(`tcp://127.0.0.1:${port}`);
    const opening = rig.open();
    await until(() => rig.disconnects.length >= 2);
    assert.ok(rig.disconnects.every(({ code }) => code === 'CONNECT_FAILED'));
    assert.equal(rig.connection.connected, false);
    await rig.connection.close();
    await assert.rejects(opening, { code: 'ABORTED' });
  });

  it('rejects with the first failure without auto-reconnect, and connects when the owner says so', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: refuse(0x88) });
    const rig = connectionRig(broker.url, { autoReconnect: false });
    await assert.rejects(rig.open(), { code: 'CONNECTION_REFUSED_BY_BROKER', reasonCode: 0x88 });
    assert.equal(rig.connection.state, 'idle');
    broker.script = {};
    await rig.connection.reconnect(AbortSignal.timeout(5000));
    assert.equal(rig.connection.state, 'running');
    (await broker.client(1)).reset();
    await until(() => rig.connection.state === 'idle');
    assert.equal(rig.disconnects.at(-1)?.code, 'CONNECTION_LOST');
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
    assert.equal(broker.clients.length, 2);
  });

  it('stops trying when the signal aborts', LIMIT, async () => {
    const rig = connectionRig(`tcp://127.0.0.1:${await freePort()}`);
    await assert.rejects(rig.open(50), { code: 'ABORTED' });
    assert.equal(rig.connection.state, 'closed');
  });

  it('does not try again what credentials alone can mend', LIMIT, async () => {
    for (const [reasonCode, code] of [
      [0x86, 'BAD_CREDENTIALS'],
      [0x87, 'NOT_AUTHORIZED'],
    ] as const) {
      await using broker = await startFakeBroker({ connect: refuse(reasonCode) });
      const rig = connectionRig(broker.url, { username: 'u', password: 'hunter2' });
      await assert.rejects(rig.open(), (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), code);
        assert.doesNotMatch(JSON.stringify(error), /hunter2/);
        return true;
      });
      assert.equal(broker.clients.length, 1);
    }
  });

  it('asks the provider at each connect, and outlasts a refusal at a reconnect', LIMIT, async () => {
    let asked = 0;
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.index === 1 ? refuse(0x87)(client) : client.index === 0 ? accept(client) : acceptResumed(client),
    });
    const rig = connectionRig(broker.url, {
      credentials: async () => {
        asked += 1;
        return { username: `user${asked}`, password: 'p' };
      },
    });
    await rig.open();
    (await broker.client(0)).reset();
    await until(() => rig.connected.length === 2);
    assert.deepEqual(
      broker.clients.map(({ connect }) => connect?.username),
      ['user1', 'user2', 'user3'],
    );
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['CONNECTION_LOST', 'NOT_AUTHORIZED'],
    );
    await rig.connection.close();
  });

  it(
    'shows nothing of what the provider threw, and waits for it no longer than the connect timeout',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker();
      const throwing = connectionRig(broker.url, {
        autoReconnect: false,
        credentials: () => {
          throw new RangeError('token hunter2 expired');
        },
      });
      await assert.rejects(throwing.open(), (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'USER_FUNCTION_FAILED');
        assert.doesNotMatch(JSON.stringify(error) + error.stack + String(error.cause), /hunter2/);
        return true;
      });
      let aborted = false;
      const hanging = connectionRig(broker.url, {
        autoReconnect: false,
        connectTimeout: 50,
        credentials: (signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      });
      await assert.rejects(hanging.open(), { code: 'TIMEOUT' });
      assert.equal(aborted, true);
      assert.equal(broker.clients.length, 0);
    },
  );

  it('connects as nobody only for a provider that says so: a wrong name, or no object, is refused', LIMIT, async () => {
    await using broker = await startFakeBroker();
    for (const given of [{ user: 'u', pass: 'p' }, 'u:p', 5, undefined]) {
      const rig = connectionRig(broker.url, { autoReconnect: false, credentials: () => given as never });
      await assert.rejects(rig.open(), {
        code: 'USER_FUNCTION_FAILED',
        message: /credentials provider gave something else/,
      });
    }
    assert.equal(broker.clients.length, 0);
    const nobody = connectionRig(broker.url, { credentials: () => ({}) });
    await nobody.open();
    await nobody.connection.close();
  });

  it('retries a provider that throws as it retries the network, at the first connect too (S15)', LIMIT, async () => {
    await using broker = await startFakeBroker();
    let asked = 0;
    const rig = connectionRig(broker.url, {
      credentials: () => {
        asked += 1;
        if (asked < 4) throw new Error('the vault is away');
        return { username: 'u', password: 'p' };
      },
    });
    await rig.open();
    assert.equal(asked, 4);
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['USER_FUNCTION_FAILED', 'USER_FUNCTION_FAILED', 'USER_FUNCTION_FAILED'],
    );
    await rig.connection.close();
  });

  it('fails over to the next server, and comes back to the one that accepted', LIMIT, async () => {
    await using good = await startFakeBroker({
      connect: (client) => (client.index === 0 ? accept(client) : acceptResumed(client)),
    });
    const servers = [
      { host: '127.0.0.1', port: await freePort() },
      { host: '127.0.0.1', port: good.port },
    ];
    const options = { servers, reconnectPeriod: 400, maxReconnectPeriod: 400 };
    const resolved = connectionRig(`tcp://127.0.0.1:${servers[0]?.port}`, options);
    await resolved.open();
    assert.deepEqual(
      resolved.disconnects.map(({ code }) => code),
      ['CONNECT_FAILED'],
    );
    (await good.client(0)).reset();
    await until(() => resolved.connected.length === 2);
    assert.deepEqual(
      resolved.disconnects.map(({ code }) => code),
      ['CONNECT_FAILED', 'CONNECTION_LOST'],
    );
    await resolved.connection.close();
  });

  for (const [how, old] of [
    ['a CONNACK 0x84', (client: FakeClient) => refuse(0x84)(client)],
    ['a CONNACK 0x01 of an old broker', (client: FakeClient) => client.sendBytes(Buffer.from([0x20, 2, 0, 1]))],
    [
      'a CONNACK 0x01 of an old broker in the shape of 5.0 (S12)',
      (client: FakeClient) => client.sendBytes(Buffer.from([0x20, 3, 0, 1, 0])),
    ],
    ['a CONNACK 0x84 in the shape of 3.1.1', (client: FakeClient) => client.sendBytes(Buffer.from([0x20, 2, 0, 0x84]))],
  ] as const) {
    it(`falls back from 5.0 to 3.1.1 on ${how} (R5d)`, LIMIT, async () => {
      await using broker = await startFakeBroker({
        connect: (client) => (client.connect?.version === 5 ? old(client) : accept(client)),
      });
      const rig = connectionRig(broker.url, {}, { startClean: false });
      await rig.open();
      assert.deepEqual(versions(broker.clients), [5, 4]);
      (await broker.client(1)).reset();
      await until(() => rig.connected.length === 2);
      assert.equal(versions(broker.clients).at(-1), 4, 'the version never changes after the first CONNACK');
      await rig.connection.close();
    });
  }

  for (const [how, close] of [
    ['closes', (client: FakeClient) => client.fin()],
    ['resets', (client: FakeClient) => client.reset()],
  ] as const) {
    it(
      `takes ${how} before CONNACK for an outage, and 5.0 for refused after four within six seconds (R5d)`,
      LIMIT,
      async () => {
        await using broker = await startFakeBroker({
          connect: (client) => (client.connect?.version === 5 ? close(client) : accept(client)),
        });
        using told = new Told('older-version');
        const rig = connectionRig(broker.url, {}, { startClean: false });
        await rig.open();
        assert.deepEqual(versions(broker.clients), [5, 5, 5, 5, 4]);
        assert.match(
          rig.disconnects[0]?.advice ?? '',
          /so old that it closes on MQTT 5\.0: then ask for protocolVersion 4/,
        );
        assert.deepEqual(told.events, [
          { name: 'older-version', data: { name: 'rig', server: broker.url, version: 4, because: 'closed' } },
        ]);
        await rig.connection.close();
      },
    );
  }

  it('asked wrongly: a proxy that closes its first connections is no old broker (S2)', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    const fault = proxy.cut({ when: { from: 'client', type: 'connect', times: 3 }, how: 'fin' });
    using told = new Told('older-version', 'connect');
    const rig = connectionRig(proxy.url, {}, { startClean: false });
    await rig.open();
    assert.equal(fault.count, 3);
    assert.deepEqual(told.names, ['connect']);
    assert.equal(Reflect.get(Object(told.events[0]?.data), 'version'), 5);
    await rig.connection.close();
  });

  it(
    'does not fall back from a broker that spoke 5.0, whatever it says later: that is told (R5d, R24)',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({
        connect: (client) => (client.index % 5 === 0 ? acceptResumed(client) : refuse(0x84)(client)),
      });
      using told = new Told('refused-for-now');
      const rig = connectionRig(broker.url, {}, { startClean: false });
      await rig.open();
      (await broker.client(0)).reset();
      await until(() => rig.connected.length === 2);
      assert.deepEqual(versions(broker.clients), [5, 5, 5, 5, 5, 5]);
      assert.equal(told.events.length, 4);
      await rig.connection.close();
    },
  );

  it('falls back to 3.1 when 3.1.1 is refused too', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.connect?.version === 3 ? accept(client) : client.sendBytes(Buffer.from([0x20, 2, 0, 1])),
    });
    const rig = connectionRig(broker.url);
    await rig.open();
    rig.publish(0, 't');
    await until(() => rig.delivered.length === 1);
    assert.equal(versions(broker.clients).at(-1), 3);
    await rig.connection.close();
  });

  it('does not fall back from a version that was asked for', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: refuse(0x84) });
    const rig = connectionRig(broker.url, { protocolVersion: 5 });
    await assert.rejects(rig.open(), { code: 'UNSUPPORTED_PROTOCOL_VERSION' });
    assert.deepEqual(versions(broker.clients), [5]);
  });

  it('does not fall back because of a timeout: a broker that is stopped is not an old one', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        if (client.index > 1) accept(client);
      },
    });
    const rig = connectionRig(broker.url, { connackTimeout: 60 });
    await rig.open();
    assert.deepEqual(versions(broker.clients), [5, 5, 5]);
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['TIMEOUT', 'TIMEOUT'],
    );
    await rig.connection.close();
  });

  it('refuses to be opened twice and does nothing when closed twice', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url);
    await rig.open();
    await assert.rejects(rig.open(), { code: 'INVALID_STATE' });
    await Promise.all([rig.connection.close(), rig.connection.close()]);
    await rig.connection.close();
    await assert.rejects(rig.open(), { code: 'INVALID_STATE' });
    assert.equal(rig.connection.bufferedBytes, 0);
  });

  it('R22: a broker that answers what cannot be taken is named, and not asked for ever', LIMIT, async () => {
    let asked = 0;
    for (const script of [
      { connect: (client) => client.sendBytes(Uint8Array.of(0x20, 3, 0, 5, 0)) },
      { subscribe: (client) => client.send({ type: 'suback', packetId: 100 + ++asked, reasonCodes: [1] }) },
    ] satisfies FakeScript[]) {
      await using broker = await startFakeBroker(script);
      const rig = connectionRig(broker.url, {}, { startClean: false, subscriptions: [wanted('a')] });
      await assert.rejects(rig.open(), {
        code: 'PROTOCOL_ERROR',
        message: /on 5 connections in a row: .*(connack|suback)/,
      });
      assert.equal(broker.clients.length, 5);
    }
  });

  it(
    'R22: a list of servers that answer different things which cannot be taken is given up, and each is named',
    LIMIT,
    async () => {
      await using first = await startFakeBroker({
        connect: (client) => client.sendBytes(Uint8Array.of(0x20, 3, 0, 5, 0)),
      });
      await using second = await startFakeBroker({ connect: (client) => client.sendBytes('SSH-2.0-OpenSSH_9.2\r\n') });
      using told = new Told('server-unusable');
      const servers = [first, second].map(({ port }) => ({ host: '127.0.0.1', port }));
      const rig = connectionRig(first.url, { servers }, { startClean: false, subscriptions: [wanted('a')] });
      await assert.rejects(rig.open(), { message: /on 5 connections in a row/ });
      assert.deepEqual(
        told.events.map(({ data }) => Reflect.get(Object(data), 'server')),
        [first.url],
      );
      assert.ok(first.clients.length === 5 && second.clients.length <= 5);
    },
  );

  it('names the protocol that the port speaks instead of MQTT', LIMIT, async () => {
    for (const [bytes, pattern] of [
      [Buffer.from([0x15, 3, 1, 0, 2, 2, 70]), /TLS/],
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /HTTP/],
    ] as const) {
      await using broker = await startFakeBroker({ connect: (client) => client.sendBytes(bytes) });
      const rig = connectionRig(broker.url);
      await assert.rejects(rig.open(), (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'WRONG_PROTOCOL');
        assert.match(error.message, pattern);
        return true;
      });
      assert.equal(broker.clients.length, 1, 'no retry');
    }
    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      await assert.rejects(connectionRig(`mqtts://127.0.0.1:${port}`).open(), { code: 'WRONG_PROTOCOL' });
    } finally {
      plain.close();
    }
  });
});
