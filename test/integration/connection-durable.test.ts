import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../src/errors/millrace-error.js';
import { readSessionRecord } from '../../src/mqtt/connection/identity/record/read-session-record.js';
import { beginCreating, type SessionRecord } from '../../src/mqtt/connection/identity/record/session-record.js';
import { storedSessionRecord } from '../../src/mqtt/connection/identity/record/stored-session-record.js';
import { type FakeBroker, type FakeClient, type FakeScript, startFakeBroker } from '../support/brokers/fake-broker.js';
import { forgettingScript, type KeptSessions, keepingScript } from '../support/brokers/keeping-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig, type LifeOptions } from '../support/rigs/durable-rig.js';
import { outbound } from '../support/rigs/session-rig.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { Told, toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

const SUBSCRIPTIONS = { input: { subscriptions: [wanted('t', { qos: 2 })] } } as const;
const FAILED = new Error('EIO: i/o error, fdatasync');

const types = (client: FakeClient | undefined): readonly string[] => client?.packets.map(({ type }) => type) ?? [];
const recordOf = (record: MemoryRecord): SessionRecord => {
  const value = readSessionRecord(record.value);
  if (value === undefined) throw new Error('nothing is recorded');
  return value;
};
const filtersOf = (sessions: KeptSessions): readonly string[] =>
  [...(sessions.get('rig') ?? [])].filter((filter) => !filter.startsWith('millrace/'));

/** One life that ends in order, and what it leaves in the store. */
async function live(broker: FakeBroker, record = new MemoryRecord()): Promise<MemoryRecord> {
  const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
  await rig.open();
  await rig.connection.close();
  return record.crash();
}

describe('durable connection: the order of things', () => {
  it(
    'R6a: sends no CONNECT before `creating` is durable, no SUBSCRIBE before `made` is, and does not resolve before `established` is',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker(keepingScript());
      const record = new MemoryRecord();
      record.holds = () => true;
      const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
      let resolved = false;
      const opening = rig.open().then(() => {
        resolved = true;
      });
      const creating = await record.heldPut(0);
      assert.deepEqual(types(broker.clients[0]), []);
      assert.equal(readSessionRecord(creating.value)?.phase, 'creating');
      creating.apply();
      const made = await record.heldPut(1);
      assert.equal(readSessionRecord(made.value)?.phase, 'made');
      assert.deepEqual(types(broker.clients[0]), ['connect']);
      assert.equal(rig.connected.length, 0);
      made.apply();
      const established = await record.heldPut(2);
      assert.equal(resolved, false);
      assert.deepEqual(rig.granted, []);
      assert.deepEqual(readSessionRecord(established.value)?.phase, 'established');
      established.apply();
      await opening;
      assert.equal(recordOf(record).connecting, false);
      assert.equal(recordOf(record).epoch, rig.connection.session.epoch);
      await rig.connection.close();
    },
  );

  it('R5a: sends no further CONNECT before `connecting` is durable', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    record.holds = () => true;
    (await broker.client(0)).reset();
    const connecting = await record.heldPut(0);
    assert.equal(readSessionRecord(connecting.value)?.connecting, true);
    assert.deepEqual(types(await broker.client(1)), []);
    record.holds = () => false;
    connecting.apply();
    await until(() => rig.granted.length === 2);
    const { subscriptions } = await broker.packet(await broker.client(1), 'subscribe');
    assert.ok(
      subscriptions.every(({ filter }) => filter.startsWith('millrace/')),
      'the session goes on',
    );
    assert.equal(recordOf(record).connecting, false);
    await rig.connection.close();
  });

  it('R5: re-sends and delivers nothing before the new epoch is durable', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker({ ...keepingScript(sessions), publish: () => {} });
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    rig.publish(5, 'x', { qos: 2 });
    await broker.packet(await broker.client(0), 'publish');
    sessions.clear();
    record.holds = (index) => index === 4;
    (await broker.client(0)).reset();
    const epoch = await record.heldPut(0);
    const second = await broker.client(1);
    second.send({
      type: 'publish',
      topic: 't',
      payload: new Uint8Array(1),
      qos: 2,
      retain: false,
      dup: false,
      packetId: 9,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(types(second), ['connect']);
    assert.deepEqual([rig.messages.length, rig.losses.length, rig.connected.length], [0, 0, 1]);
    assert.deepEqual([readSessionRecord(epoch.value)?.epoch, rig.connection.session.epoch], [2, 1]);
    epoch.apply();
    await until(() => rig.messages.length === 1);
    assert.equal((await broker.packet(second, 'publish')).dup, false);
    assert.deepEqual([rig.losses, rig.connection.session.epoch], [[[]], 2]);
    await rig.connection.close();
  });

  it('keeps a session over a graceful close (R15), and refuses one that is not kept', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    await live(broker);
    assert.deepEqual(filtersOf(sessions), ['t']);
    const goodbye = await broker.packet(await broker.client(0), 'disconnect');
    assert.equal(goodbye.properties, undefined);
    assert.throws(() => durableRig(broker.url, { record: new MemoryRecord(), input: { keepSession: false } }), {
      code: 'INVALID_OPTIONS',
    });
  });
});

describe('durable connection: two lives', () => {
  it('R5a: proves the session at the start of a process, and subscribes to nothing again', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = await live(broker);
    using told = toldOfSessions();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    assert.deepEqual(told.names, ['session-verified']);
    const second = await broker.client(1);
    assert.deepEqual(types(second).slice(0, 2), ['connect', 'unsubscribe']);
    const { subscriptions } = await broker.packet(second, 'subscribe');
    assert.equal(subscriptions.length, 8, 'the markers that were used are replaced');
    assert.ok(subscriptions.every(({ filter }) => filter.startsWith('millrace/session/')));
    assert.deepEqual(rig.granted, [[{ filter: 't', requested: 2, granted: 2 }]]);
    assert.deepEqual(rig.losses, []);
    assert.equal(rig.connection.session.epoch, 1);
    await rig.connection.close();
  });

  it('G3: takes back what it does not want any more, and asks for what is new', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = await live(broker);
    const input = { subscriptions: [wanted('new')] };
    const rig = durableRig(broker.url, { record, input });
    await rig.open();
    assert.deepEqual(filtersOf(sessions), ['new']);
    await rig.connection.close();
  });

  it('a marker is used once: crashes amid proofs do not look like a lost session', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    let record = await live(broker);
    const { script } = broker;
    for (let crash = 0; crash < 3; crash += 1) {
      // killed as soon as the broker has taken the marker back
      const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
      const took = new Promise<void>((resolve) => {
        const unsubscribe: FakeScript['unsubscribe'] = (client, packet) => {
          script.unsubscribe?.({ ...client, connect: client.connect, send: () => {} }, packet);
          resolve();
        };
        broker.script = { ...script, unsubscribe };
      });
      rig.open().catch(() => {});
      await took;
      await rig.connection.close(0);
      record = record.crash();
      broker.script = script;
    }
    using told = toldOfSessions();
    const rig = durableRig(broker.url, {
      record,
      ...SUBSCRIPTIONS,
      input: { ...SUBSCRIPTIONS.input, onSessionLoss: 'fail' },
    });
    await rig.open();
    assert.deepEqual(told.names, ['session-verified']);
    await rig.connection.close();
  });

  it('without markers left a session is trusted, and said to be unverified', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = await live(broker);
    const { markers } = recordOf(record);
    assert.ok(markers !== undefined);
    record.value = { ...recordOf(record), markers: { ...markers, next: markers.end } };
    using told = toldOfSessions();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    assert.deepEqual(told.names, ['session-unverified']);
    assert.notEqual(recordOf(record).markers?.nonce, markers.nonce, 'it gets new ones');
    await rig.connection.close();
  });

  it('D10: a store that was restored from a backup is found out, since its marker is spent', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const backup = await live(broker);
    await live(broker, backup.crash());
    const rig = durableRig(broker.url, { record: backup, input: { onSessionLoss: 'fail' } });
    await assert.rejects(rig.open(), { code: 'SESSION_LOST' });
  });

  it('D10: below 5.0 nothing finds it out, and each start of a process says so, once', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const options = { protocolVersion: 4 } as const;
    const input = { ...SUBSCRIPTIONS.input, onSessionLoss: 'fail' } as const;
    const record = new MemoryRecord();
    const first = durableRig(broker.url, { record, input, options });
    using atFirst = toldOfSessions();
    await first.open();
    assert.deepEqual(atFirst.names, [], 'a session that begins is known');
    await first.connection.close();
    for (const stored of [record.crash(), record.crash()]) {
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record: stored, input, options });
      await rig.open();
      (await broker.client(broker.clients.length - 1)).reset();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(told.names, ['session-unverified'], 'a cut adds no doubt');
      assert.deepEqual(rig.losses, []);
      await rig.connection.close();
    }
  });

  it('a broker that does not tell a subscription it has from one it has not gets no markers', LIMIT, async () => {
    const script = keepingScript();
    await using broker = await startFakeBroker({
      ...script,
      unsubscribe: (client, { packetId, filters }) =>
        client.send({ type: 'unsuback', packetId, reasonCodes: filters.map(() => 0x11) }),
    });
    const record = await live(broker);
    assert.equal(recordOf(record).markers, undefined);
    using told = toldOfSessions();
    await live(broker, record);
    assert.deepEqual(told.names, [], 'every CONNECT had its CONNACK, so nothing is in doubt');
  });

  it(
    'a broker that ends each connection at the UNSUBSCRIBE of a marker gets none, and the connection opens',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({ ...keepingScript(), unsubscribe: (client) => client.fin() });
      const record = await live(broker);
      assert.equal(recordOf(record).markers, undefined);
      assert.deepEqual((await live(broker, record)).value, record.value, 'the next process comes to the same end');
    },
  );

  it(
    'R5a: where the broker refuses markers, a session in doubt is trusted, and said to be unverified',
    LIMIT,
    async () => {
      const script = keepingScript();
      await using broker = await startFakeBroker({
        ...script,
        connect: (client, packet) => (client.index === 1 ? client.reset() : script.connect(client, packet)),
        subscribe: (client, { packetId, subscriptions }) => {
          const reasonCodes = subscriptions.map(({ filter, qos }) => (filter.startsWith('millrace/') ? 0x87 : qos));
          client.send({ type: 'suback', packetId, reasonCodes });
        },
      });
      const record = await live(broker);
      assert.equal(recordOf(record).markers, undefined);
      using told = toldOfSessions();
      await live(broker, record);
      assert.deepEqual(told.names, ['session-unverified']);
      const subscribed = (await broker.client(2)).packets.flatMap((packet) =>
        packet.type === 'subscribe' ? packet.subscriptions.map(({ filter }) => filter) : [],
      );
      assert.ok(subscribed.includes('t'), 'it may be an empty session');
    },
  );

  it('R5b: goes on in the version of the last life, and takes another one for a loss', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = new MemoryRecord();
    const first = durableRig(broker.url, { record, ...SUBSCRIPTIONS, options: { protocolVersion: 4 } });
    await first.open();
    await first.connection.close();
    assert.equal(recordOf(record).version, 4);
    await live(broker, record);
    assert.equal((await broker.client(1)).connect?.version, 4, 'although none is asked for');
    using told = toldOfSessions();
    const other = durableRig(broker.url, { record, ...SUBSCRIPTIONS, options: { protocolVersion: 5 } });
    await other.open();
    assert.deepEqual(told.names, ['session-lost']);
    assert.deepEqual([recordOf(record).version, recordOf(record).epoch], [5, 2]);
    await other.connection.close();
  });

  it('R5b: another server under `fail` is refused, and nothing is lost where the session is', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    await using other = await startFakeBroker(keepingScript());
    const record = await live(broker);
    const input = { ...SUBSCRIPTIONS.input, onSessionLoss: 'fail' } as const;
    await assert.rejects(durableRig(other.url, { record, input }).open(), { code: 'SESSION_LOST' });
    assert.equal(recordOf(record).lost, false);
    const rig = durableRig(broker.url, { record, input });
    await rig.open();
    assert.deepEqual(rig.losses, []);
    await rig.connection.close();
  });

  it('R5b: a close before CONNACK does not make it fall back from the version of the last life', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = await live(broker);
    const { connect, ...script } = keepingScript(new Map([['rig', new Set(['t'])]]));
    broker.script = {
      ...script,
      connect: (client, packet) => (client.index === 1 ? client.fin() : connect(client, packet)),
    };
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    assert.deepEqual(
      broker.clients.map((client) => client.connect?.version),
      [5, 5, 5],
    );
    await rig.connection.close();
  });
});

describe('durable connection: unknown and shortened sessions', () => {
  it(
    'R6: an unknown session is left alone, none of its messages is acknowledged, and nothing is written down',
    LIMIT,
    async () => {
      const sessions: KeptSessions = new Map([['rig', new Set(['t'])]]);
      const { connect, ...script } = keepingScript(sessions);
      await using broker = await startFakeBroker({
        ...script,
        connect: (client, packet) => {
          connect(client, packet);
          const payload = new Uint8Array(1);
          client.send({ type: 'publish', topic: 'other', payload, qos: 1, retain: false, dup: false, packetId: 1 });
        },
      });
      for (let start = 0; start < 2; start += 1) {
        using told = toldOfSessions();
        const record = new MemoryRecord();
        const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
        await assert.rejects(rig.open(), { code: 'SESSION_UNKNOWN' });
        assert.deepEqual(told.names, ['session-unknown']);
        assert.equal(record.value, undefined);
        assert.deepEqual(rig.messages, []);
        await until(() => types(broker.clients[start]).includes('disconnect'));
        assert.deepEqual(types(broker.clients[start]), ['connect', 'disconnect']);
      }
      assert.deepEqual([...(sessions.get('rig') ?? [])], ['t']);
    },
  );

  it('R6: `adopt` goes on with it unverified, and `discard` throws it away', LIMIT, async () => {
    for (const onUnknownSession of ['adopt', 'discard'] as const) {
      const sessions: KeptSessions = new Map([['rig', new Set(['old'])]]);
      await using broker = await startFakeBroker(keepingScript(sessions));
      using told = toldOfSessions();
      const record = new MemoryRecord();
      const rig = durableRig(broker.url, { record, onUnknownSession, ...SUBSCRIPTIONS });
      await rig.open();
      const adopted = onUnknownSession === 'adopt';
      assert.deepEqual(told.names, adopted ? ['session-unknown', 'session-unverified'] : []);
      assert.deepEqual(filtersOf(sessions), adopted ? ['old', 't'] : ['t']);
      assert.equal(broker.discards.length, adopted ? 0 : 1);
      assert.deepEqual([recordOf(record).epoch, rig.connection.session.epoch], [1, 1]);
      assert.deepEqual(rig.losses, []);
      await rig.connection.close();
    }
  });

  it('R6: 3.1 cannot say whether it has a session, so that the operator has to', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const options = { protocolVersion: 3 } as const;
    const rig = durableRig(broker.url, { record: new MemoryRecord(), options });
    await assert.rejects(rig.open(), { code: 'SESSION_UNKNOWN' });
    const record = new MemoryRecord();
    const told = durableRig(broker.url, { record, options, onUnknownSession: 'discard' });
    await told.open();
    await told.connection.close();
    const again = durableRig(broker.url, { record, options });
    await again.open();
    assert.deepEqual(again.losses, []);
    await again.connection.close();
  });

  it('R6a: a first CONNECT that had no answer is begun anew, clean', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    const { connect, ...script } = keepingScript(sessions);
    await using broker = await startFakeBroker({
      ...script,
      connect: (client, packet) => {
        connect(
          { ...client, connect: packet, send: (answer) => (client.index === 0 ? client.reset() : client.send(answer)) },
          packet,
        );
      },
    });
    const record = new MemoryRecord();
    using told = toldOfSessions();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS, options: { protocolVersion: 5 } });
    await rig.open();
    assert.equal(broker.discards.length, 1);
    assert.deepEqual(told.names, []);
    assert.equal(recordOf(record).phase, 'established');
    await rig.connection.close();
  });

  it('R6a: one whose beginning an older version wrote down is begun anew, clean', LIMIT, async () => {
    const sessions: KeptSessions = new Map([['rig', new Set(['t'])]]);
    await using broker = await startFakeBroker(keepingScript(sessions));
    const { made: _, ...older } = storedSessionRecord(beginCreating(undefined));
    const rig = durableRig(broker.url, { record: new MemoryRecord(older), ...SUBSCRIPTIONS });
    await rig.open();
    assert.deepEqual([broker.discards.length, recordOf(new MemoryRecord(older)).phase], [1, 'creating']);
    await rig.connection.close();
  });

  it('a refused CONNECT has made no session, so nothing is thrown away for it', LIMIT, async () => {
    const { connect, ...script } = keepingScript();
    await using broker = await startFakeBroker({
      ...script,
      connect: (client, packet) => {
        if (client.index === 0) client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x88 });
        else connect(client, packet);
      },
    });
    const rig = durableRig(broker.url, { record: new MemoryRecord(), ...SUBSCRIPTIONS });
    await rig.open();
    assert.deepEqual([broker.clients.length, broker.discards.length], [2, 0]);
    await rig.connection.close();
  });

  it('G2: an expiry below the one asked for is told, with a store and without', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.send({
          type: 'connack',
          sessionPresent: false,
          reasonCode: 0,
          properties: { sessionExpiryInterval: 60 },
        }),
    });
    const stored = durableRig(broker.url, { record: new MemoryRecord() });
    const plain = connectionRig(broker.url, { clientId: 'rig' }, { keepSession: true, startClean: false });
    for (const rig of [stored, plain]) {
      using told = toldOfSessions();
      await rig.open();
      await rig.connection.close();
      assert.deepEqual(told.events, [
        { name: 'session-expiry-shortened', data: { name: 'rig', clientId: 'rig', asked: 604_800, granted: 60 } },
      ]);
    }
  });

  it('refuses a broker whose Maximum QoS is below what the guarantee needs', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) =>
        client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties: { maximumQoS: 1 } }),
    });
    const rig = durableRig(broker.url, { record: new MemoryRecord(), input: { requireQos2: true } });
    await assert.rejects(rig.open(), { code: 'GUARANTEE_UNSUPPORTED' });
  });

  it('refuses a broker that ends the session with each connection, where the guarantee needs it', LIMIT, async () => {
    await using broker = await startFakeBroker(forgettingScript());
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, input: { ...SUBSCRIPTIONS.input, requireKeptSession: true } });
    await assert.rejects(rig.open(), (error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'GUARANTEE_UNSUPPORTED');
      assert.match(error.message, /Session Expiry Interval 0/);
      assert.match(error.advice ?? '', /keep sessions.*at-least-once/);
      return true;
    });
    const [client] = broker.clients;
    await until(() => types(client).includes('disconnect'));
    assert.deepEqual([broker.clients.length, types(client)], [1, ['connect', 'disconnect']], 'it is not tried again');
    const elsewhere = durableRig(broker.url, { record: new MemoryRecord() });
    using told = toldOfSessions();
    await elsewhere.open();
    await elsewhere.connection.close();
    assert.deepEqual(told.names, ['session-expiry-shortened'], 'where the guarantee needs none it is an event');
  });

  it(
    'takes nothing from a broker that is restarted with such limits, and goes on when it is put right (R24)',
    LIMIT,
    async () => {
      for (const properties of [{ sessionExpiryInterval: 0 }, { maximumQoS: 1 }] as const) {
        const keeping = keepingScript();
        await using broker = await startFakeBroker({
          ...keeping,
          // the second connection is the trial of the first (R5e)
          connect: (client, packet) => {
            if (client.index !== 2 && client.index !== 3) return keeping.connect(client, packet);
            client.send({ type: 'connack', sessionPresent: true, reasonCode: 0, properties });
            const payload = new Uint8Array(1);
            client.send({ type: 'publish', topic: 't', payload, qos: 1, packetId: 7, dup: false, retain: false });
          },
        });
        using told = new Told('refused-for-now');
        const input = { ...SUBSCRIPTIONS.input, requireKeptSession: true, requireQos2: true };
        const rig = durableRig(broker.url, { record: new MemoryRecord(), options: { maxReconnectPeriod: 50 }, input });
        await rig.open();
        (await broker.client(1)).reset();
        await until(() => broker.clients.length === 5 && rig.connection.state === 'running');
        const codes = told.events.map(({ data }) => Reflect.get(Object(Reflect.get(Object(data), 'error')), 'code'));
        assert.deepEqual(codes, ['GUARANTEE_UNSUPPORTED', 'GUARANTEE_UNSUPPORTED']);
        for (const client of broker.clients.slice(2, 4)) {
          await until(() => types(client).includes('disconnect'));
          assert.deepEqual(types(client), ['connect', 'disconnect'], 'nothing is asked, and nothing acknowledged');
        }
        assert.deepEqual([rig.failures, rig.messages], [[], []]);
        await rig.connection.close();
      }
    },
  );

  it('a guarantee that needs more than before is a first connect, which such limits fail', LIMIT, async () => {
    for (const [before, next] of [
      [{}, 'fails'],
      [{ requireQos2: true }, 'waits'],
    ] as const) {
      const keeping = keepingScript();
      await using broker = await startFakeBroker(keeping);
      const first = new MemoryRecord();
      const life = durableRig(broker.url, { record: first, input: { ...SUBSCRIPTIONS.input, ...before } });
      await life.open();
      await life.connection.close();
      broker.script = {
        ...keeping,
        connect: (client) =>
          client.send({ type: 'connack', sessionPresent: true, reasonCode: 0, properties: { maximumQoS: 1 } }),
      };
      using told = new Told('refused-for-now');
      const input = { ...SUBSCRIPTIONS.input, requireQos2: true };
      const rig = durableRig(broker.url, { record: first.crash(), options: { maxReconnectPeriod: 50 }, input });
      const end = rig.open().catch((error: unknown) => Reflect.get(Object(error), 'code'));
      if (next === 'waits') await until(() => told.events.length > 0);
      else assert.equal(await end, 'GUARANTEE_UNSUPPORTED');
      await rig.connection.close();
      assert.equal(await end, next === 'waits' ? 'ABORTED' : 'GUARANTEE_UNSUPPORTED');
    }
  });

  it('fails where such limits last for longer than refusalTimeout, and 3.1.1 has no word for it', LIMIT, async () => {
    const keeping = keepingScript();
    await using broker = await startFakeBroker({
      ...keeping,
      connect: (client, packet) => (client.index >= 2 ? forgettingScript() : keeping).connect(client, packet),
    });
    const input = { ...SUBSCRIPTIONS.input, requireKeptSession: true };
    const rig = durableRig(broker.url, { record: new MemoryRecord(), options: { refusalTimeout: 0 }, input });
    await rig.open();
    (await broker.client(1)).reset();
    await until(() => rig.failures.length === 1);
    assert.equal(rig.failures[0]?.code, 'GUARANTEE_UNSUPPORTED');
    await using old = await startFakeBroker(keepingScript());
    const other = durableRig(old.url, { record: new MemoryRecord(), input, options: { protocolVersion: 4 } });
    await other.open();
    await other.connection.close();
  });
});

describe('durable connection: a process that dies while it makes its first session (R6a)', () => {
  const group = wanted('$share/g/t', { qos: 2 });
  const onSessionLoss = 'fail';

  /** It has subscribed, and nothing of that is durable. */
  async function subscribed(broker: FakeBroker, life: Partial<LifeOptions> = SUBSCRIPTIONS): Promise<MemoryRecord> {
    const record = new MemoryRecord();
    record.holds = (index) => index === 2;
    const victim = durableRig(broker.url, { record, ...life });
    victim.open().catch(() => {});
    await record.heldPut();
    await victim.connection.close(0);
    const found = record.crash();
    assert.equal(recordOf(found).phase, 'made');
    return found;
  }

  for (const version of [5, 4] as const) {
    it(`goes on with it, and asks for all again (version ${version})`, LIMIT, async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const options = { protocolVersion: version } as const;
      const record = await subscribed(broker, { ...SUBSCRIPTIONS, options });
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record, input: { ...SUBSCRIPTIONS.input, onSessionLoss } });
      await rig.open();
      assert.deepEqual(broker.discards, [], 'what the broker has for it is not thrown away');
      assert.deepEqual(
        broker.clients.map(({ connect }) => [connect?.version, connect?.clean]),
        [
          [version, false],
          [version, false],
        ],
      );
      assert.deepEqual(
        rig.connected.map(({ sessionPresent }) => sessionPresent),
        [true],
      );
      const { subscriptions } = await broker.packet(await broker.client(1), 'subscribe');
      assert.equal(subscriptions[0]?.filter, 't');
      assert.deepEqual(told.names, ['session-unverified']);
      assert.deepEqual([recordOf(record).phase, recordOf(record).epoch], ['established', 1]);
      await rig.connection.close();
    });
  }

  it('takes back what it may have asked for, and the next one does not want', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = await subscribed(broker);
    const rig = durableRig(broker.url, { record, input: { subscriptions: [wanted('new')] } });
    await rig.open();
    assert.deepEqual(filtersOf(sessions), ['new']);
    await rig.connection.close();
  });

  it('makes one that is gone once more: nothing was on its way by it', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = await subscribed(broker);
    sessions.clear();
    using told = toldOfSessions();
    const rig = durableRig(broker.url, { record, input: { ...SUBSCRIPTIONS.input, onSessionLoss } });
    await rig.open();
    assert.deepEqual([told.names, rig.losses, recordOf(record).epoch], [[], [], 2]);
    await rig.connection.close();
  });

  it('counterexample: what a group gave to one that is gone is lost, and that is said', LIMIT, async () => {
    for (const { policy, code } of [{ policy: 'fail', code: 'GUARANTEE_UNSUPPORTED' }, { policy: 'drop' }] as const) {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const input = { subscriptions: [group], onSessionLoss: policy };
      const record = await subscribed(broker, { input });
      sessions.clear();
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record, input });
      if (code === undefined) await rig.open();
      else await assert.rejects(rig.open(), { code });
      assert.deepEqual(told.names, ['session-not-kept']);
      await rig.connection.close();
    }
  });

  it('is no loss where a group was not asked for yet', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = new MemoryRecord();
    record.holds = (index) => index === 1;
    const rig = durableRig(broker.url, { record, input: { subscriptions: [group], onSessionLoss } });
    using told = toldOfSessions();
    const opening = rig.open();
    const made = await record.heldPut();
    sessions.clear();
    (await broker.client(0)).reset();
    await until(() => rig.disconnects.length === 1);
    made.apply();
    await opening;
    assert.deepEqual([told.names, rig.losses], [[], []]);
    await rig.connection.close();
  });
});

/** As aedes and RabbitMQ: a session is kept for its subscriptions of QoS 1 and 2 only. */
const holdingScript = (): FakeScript => {
  const sessions: KeptSessions = new Map();
  const keeping = keepingScript(sessions);
  return {
    ...keeping,
    connect: (client, packet) => {
      if (sessions.get(packet.clientId)?.size === 0) sessions.delete(packet.clientId);
      keeping.connect(client, packet);
    },
    subscribe: (client, packet) => {
      const subscriptions = packet.subscriptions.filter(({ qos }) => qos > 0);
      assert.equal(subscriptions.length, packet.subscriptions.length);
      keeping.subscribe?.(client, packet);
    },
  };
};

describe('durable connection: a session is resumed once before anything depends on it (R5e, G11)', () => {
  const publisher = { input: { requireKeptSession: true, onSessionLoss: 'fail' } } as const;
  const reader = { input: { ...SUBSCRIPTIONS.input, ...publisher.input } } as const;

  for (const version of [5, 4] as const) {
    const options = { protocolVersion: version } as const;

    it(
      `a subscription of its own holds the session of one that only publishes (version ${version})`,
      LIMIT,
      async () => {
        await using broker = await startFakeBroker(holdingScript());
        const record = new MemoryRecord();
        const rig = durableRig(broker.url, { record, ...publisher, options });
        await rig.open();
        assert.deepEqual(
          rig.connected.map(({ sessionPresent }) => sessionPresent),
          [false, true],
        );
        await rig.connection.close();
        const next = durableRig(broker.url, { record: record.crash(), ...publisher, options });
        await next.open();
        assert.deepEqual([next.losses, next.connected.length], [[], 1], 'once is enough');
        await next.connection.close();
      },
    );

    it(
      `a broker that keeps none is named at the first start, and at each that follows (version ${version})`,
      LIMIT,
      async () => {
        for (const life of [publisher, reader]) {
          await using broker = await startFakeBroker();
          const record = new MemoryRecord();
          for (let start = 0; start < 2; start += 1) {
            using told = toldOfSessions();
            const rig = durableRig(broker.url, { record, ...life, options });
            await assert.rejects(rig.open(), {
              code: 'GUARANTEE_UNSUPPORTED',
              message: /does not keep the session of "rig"/,
            });
            assert.deepEqual(told.names, ['session-not-kept']);
            assert.deepEqual(rig.losses, []);
          }
        }
      },
    );

    it(`where a policy for lost sessions is chosen it goes on, and says so (version ${version})`, LIMIT, async () => {
      await using broker = await startFakeBroker();
      const record = new MemoryRecord();
      const life = { input: { ...publisher.input, onSessionLoss: 'redeliver' }, options } as const;
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record, ...life });
      await rig.open();
      rig.publish(3, 'x', { qos: 2 });
      await until(() => rig.delivered.length === 1);
      assert.deepEqual(told.names, ['session-not-kept']);
      await rig.connection.close();
      const next = durableRig(broker.url, { record: record.crash(), ...life });
      await next.open();
      assert.deepEqual(told.names, ['session-not-kept', 'session-lost'], 'a loss is a loss from then on');
      await next.connection.close();
    });
  }

  it(
    'counterexample: killed before the trial, the next start is the trial: no SESSION_LOST for what was never kept',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker();
      const record = new MemoryRecord();
      const rig = durableRig(broker.url, { record, ...publisher });
      // creating, made, established, and what is put before the next CONNECT
      record.holds = (put) => put === 3;
      rig.open().catch(() => {});
      await record.heldPut();
      const found = record.crash();
      await rig.connection.close(0);
      assert.deepEqual([recordOf(found).phase, recordOf(found).tried], ['established', false]);
      await assert.rejects(durableRig(broker.url, { record: found, ...publisher }).open(), {
        code: 'GUARANTEE_UNSUPPORTED',
      });
    },
  );

  it('counterexample: a session that was kept once and is gone is lost', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, ...publisher });
    await rig.open();
    await rig.connection.close();
    sessions.clear();
    await assert.rejects(durableRig(broker.url, { record, ...publisher }).open(), { code: 'SESSION_LOST' });
  });

  it(
    'a broker that refuses the subscription which holds the session is not failed for it; the way out names it',
    LIMIT,
    async () => {
      const options = { protocolVersion: 4 } as const;
      const refuses: FakeScript = {
        subscribe: (client, { packetId }) => client.send({ type: 'suback', packetId, reasonCodes: [0x80] }),
      };
      await using keeping = await startFakeBroker({ ...keepingScript(), ...refuses });
      const rig = durableRig(keeping.url, { record: new MemoryRecord(), ...publisher, options });
      await rig.open();
      await rig.connection.close();
      await using other = await startFakeBroker(refuses);
      await assert.rejects(
        durableRig(other.url, { record: new MemoryRecord(), ...publisher, options }).open(),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.match(error.advice ?? '', /subscribe to millrace\/session\/#/);
          return true;
        },
      );
    },
  );

  it('no trial where the guarantee needs no kept session, nor on 3.1, which cannot tell', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = durableRig(broker.url, { record: new MemoryRecord() });
    await rig.open();
    await rig.connection.close();
    const old = { ...publisher, options: { protocolVersion: 3 }, onUnknownSession: 'discard' } as const;
    const other = durableRig(broker.url, { record: new MemoryRecord(), ...old });
    await other.open();
    assert.equal(broker.clients.length, 2);
    await other.connection.close();
  });
});

/** A second life in which everything happens: the session is proven not to be ours, and is begun anew. */
async function losing(broker: FakeBroker, sessions: KeptSessions): Promise<MemoryRecord> {
  const record = await live(broker);
  sessions.set('rig', new Set());
  return record;
}

describe('durable connection: the connection ends, is closed, or the store fails, during any put', () => {
  const rows = [{ message: outbound(3, 2), stage: 'sent' } as const];

  /** connecting, marker spent, epoch, established: the puts of a life whose session is proven to be lost. */
  for (const [index, what] of ['connecting', 'marker spent', 'new epoch', 'established'].entries()) {
    it(`cut while "${what}" is being put: the next connection comes to the same end`, LIMIT, async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await losing(broker, sessions);
      const rig = durableRig(broker.url, { record, outbound: rows, ...SUBSCRIPTIONS });
      record.holds = (put) => put === index;
      const opening = rig.open();
      const held = await record.heldPut();
      const before = rig.disconnects.length;
      for (const client of broker.clients) client.reset();
      if (index > 0) await until(() => rig.disconnects.length > before);
      held.apply();
      await opening;
      await until(() => rig.delivered.length === 1);
      assert.deepEqual(rig.delivered, [3]);
      assert.equal(rig.connection.session.epoch, recordOf(record).epoch, 'what is stored is what is lived');
      assert.ok(recordOf(record).epoch > 1);
      assert.deepEqual(filtersOf(sessions), ['t']);
      assert.equal(recordOf(record).connecting, false);
      await rig.connection.close();
    });

    it(`closed while "${what}" is being put: nothing more is sent, nothing more is put`, LIMIT, async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await losing(broker, sessions);
      const rig = durableRig(broker.url, { record, outbound: rows, ...SUBSCRIPTIONS });
      record.holds = (put) => put === index;
      const opening = assert.rejects(rig.open(), { code: 'ABORTED' });
      const held = await record.heldPut();
      await rig.connection.close(100);
      await opening;
      const sent = broker.clients.flatMap(types).length;
      const told = [rig.connected.length, rig.losses.length, rig.granted.length];
      held.apply();
      await until(() => broker.clients.every(({ ended }) => ended));
      assert.equal(record.puts.length, index + 1);
      assert.equal(broker.clients.flatMap(types).filter((type) => type !== 'disconnect').length <= sent, true);
      assert.deepEqual([rig.connected.length, rig.losses.length, rig.granted.length], told);
      assert.equal(rig.connection.state, 'closed');
    });

    it(`the store fails at "${what}": fatal, whatever else may pass, and never tried again (R13)`, LIMIT, async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await losing(broker, sessions);
      const rig = durableRig(broker.url, { record, outbound: rows, ...SUBSCRIPTIONS });
      record.holds = (put) => put === index;
      const opening = assert.rejects(rig.open(), { code: 'STORAGE_FAILED', retryable: false });
      (await record.heldPut()).reject(FAILED);
      await opening;
      await until(() => broker.clients.every(({ ended }) => ended));
      assert.equal(record.puts.length, index + 1);
      assert.equal(rig.connection.state, 'failed');
      if (index < 3) assert.deepEqual(rig.delivered, []);
      assert.ok(!broker.clients.slice(1).flatMap(types).includes('disconnect'), 'it is cut, not said goodbye to');
    });

    it(`killed after "${what}" was put: the next process comes to the same end`, LIMIT, async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await losing(broker, sessions);
      const rig = durableRig(broker.url, { record, outbound: rows, ...SUBSCRIPTIONS });
      record.holds = (put) => put === index;
      rig.open().catch(() => {});
      const held = await record.heldPut();
      const found = new MemoryRecord(held.value);
      await rig.connection.close(0);
      const next = durableRig(broker.url, { record: found, outbound: rows, ...SUBSCRIPTIONS });
      await next.open();
      await until(() => next.delivered.length === 1);
      assert.deepEqual(filtersOf(sessions), ['t']);
      assert.equal(next.connection.session.epoch, recordOf(found).epoch);
      await next.connection.close();
    });
  }

  it('a store that fails while the connection is away is fatal at the next CONNECT', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    const record = new MemoryRecord();
    const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS });
    await rig.open();
    record.holds = () => true;
    (await broker.client(0)).reset();
    const held = await record.heldPut();
    held.reject(FAILED);
    await until(() => rig.failures.length === 1);
    assert.deepEqual([rig.failures[0]?.code, rig.connection.state], ['STORAGE_FAILED', 'failed']);
    assert.equal(rig.granted.length, 1);
  });

  it('a put that never ends does not keep `close` or an aborted `open` from ending', LIMIT, async () => {
    await using broker = await startFakeBroker(keepingScript());
    for (let index = 0; index < 2; index += 1) {
      const record = new MemoryRecord();
      record.holds = (put) => put === index;
      const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS, onUnknownSession: 'discard' });
      const abort = new AbortController();
      const opening = assert.rejects(rig.connection.open(abort.signal), { code: 'ABORTED' });
      await record.heldPut();
      abort.abort();
      await opening;
      await rig.connection.close();
    }
    await until(() => broker.clients.every(({ ended }) => ended), { what: 'no socket is left' });
  });

  it(
    'a broker that does not answer a marker is cut off after ackTimeout, and asked by the next marker',
    LIMIT,
    async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await live(broker);
      const { unsubscribe } = broker.script;
      broker.script = {
        ...broker.script,
        unsubscribe: (client, packet) => {
          if (client.index > 1) unsubscribe?.(client, packet);
        },
      };
      using told = toldOfSessions();
      const rig = durableRig(broker.url, { record, ...SUBSCRIPTIONS, options: { ackTimeout: 100 } });
      await rig.open();
      assert.equal(rig.disconnects[0]?.code, 'TIMEOUT');
      assert.deepEqual(told.names, ['session-verified']);
      await rig.connection.close();
    },
  );

  it(
    'R17: a loss under `fail` is stored, and said again at each start until another policy decides',
    LIMIT,
    async () => {
      const sessions: KeptSessions = new Map();
      await using broker = await startFakeBroker(keepingScript(sessions));
      const record = await losing(broker, sessions);
      const fail = { input: { ...SUBSCRIPTIONS.input, onSessionLoss: 'fail' } } as const;
      await assert.rejects(durableRig(broker.url, { record, outbound: rows, ...fail }).open(), {
        code: 'SESSION_LOST',
      });
      assert.deepEqual([recordOf(record).lost, recordOf(record).epoch], [true, 1]);
      const connections = broker.clients.length;
      await assert.rejects(durableRig(broker.url, { record, outbound: rows, ...fail }).open(), {
        code: 'SESSION_LOST',
      });
      assert.equal(broker.clients.filter(({ packets }) => packets.length > 0).length, connections, 'without a CONNECT');
      const drop = { input: { ...SUBSCRIPTIONS.input, onSessionLoss: 'drop' } } as const;
      const rig = durableRig(broker.url, { record, outbound: rows, ...drop });
      await rig.open();
      assert.deepEqual(rig.losses, [[3]]);
      const { lost, epoch, droppedEpoch } = recordOf(record);
      assert.deepEqual([lost, epoch, droppedEpoch], [false, 2, 2]);
      await rig.connection.close();
    },
  );

  it('R17: a loss under `fail` whose put is cut short is still a loss', LIMIT, async () => {
    const sessions: KeptSessions = new Map();
    await using broker = await startFakeBroker(keepingScript(sessions));
    const record = await losing(broker, sessions);
    const fail = { input: { ...SUBSCRIPTIONS.input, onSessionLoss: 'fail' } } as const;
    const rig = durableRig(broker.url, { record, ...fail });
    record.holds = (put) => put === 2;
    const opening = assert.rejects(rig.open(), { code: 'SESSION_LOST' });
    const held = await record.heldPut();
    (await broker.client(1)).reset();
    await until(() => rig.disconnects.length > 0);
    assert.equal(recordOf(record).lost, false);
    held.apply();
    await opening;
    assert.equal(recordOf(record).lost, true, 'not told before it is durable');
  });
});
