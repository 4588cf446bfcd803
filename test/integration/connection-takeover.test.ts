import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DurableRecords } from '../../src/engine/durable/durable-records.js';
import type { MillraceError } from '../../src/errors/index.js';
import { deferred } from '../../src/internal/deferred.js';
import type { DurableRecord } from '../../src/internal/durable-record.js';
import { readSessionRecord } from '../../src/mqtt/connection/identity/record/read-session-record.js';
import type { FakeClient } from '../support/brokers/fake-broker.js';
import { startTakeoverBroker, type TakeoverBroker } from '../support/brokers/takeover-broker.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { type ConnectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig, type LifeOptions } from '../support/rigs/durable-rig.js';
import { outbound } from '../support/rigs/session-rig.js';
import { FencedStores } from '../support/store/fenced-stores.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { Told, toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

/*
 * C3: two owners of one store, and of one session at a broker. The earlier one has a CONNECT on its way, which a proxy holds, while the later
 * one takes over; then it arrives.
 */

const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const TEXTS = ROWS.map(String);
const CONNECT_TIMEOUT = { connackTimeout: 60_000 };
/** What may be sent before it is known who has the session. */
const isSilent = (type: string): boolean => type === 'connect' || type === 'pingreq' || type === 'disconnect';

/** A connection that the broker accepted, and on which nothing was said. */
function assertSilent(proxy: ChaosProxy, connection: number): void {
  const frames = proxy.seen.filter((frame) => frame.connection === connection);
  const types = (from: 'client' | 'server') => frames.filter((frame) => frame.from === from).map(({ type }) => type);
  assert.equal(types('server')[0], 'connack', `connection ${connection} was accepted`);
  assert.deepEqual(
    types('client').filter((type) => !isSilent(type)),
    [],
  );
}

/** One process: a store, and the record of its session in it. */
interface Owner {
  readonly stores: FencedStores;
  readonly record: DurableRecord;
  /** What its engine was told of the store, which ends the run (R13). */
  readonly failures: readonly MillraceError[];
}

/** It takes the store over from who had it. */
async function takeStore(stores = new FencedStores()): Promise<Owner> {
  const store = await stores.open('job', 0);
  onCleanup(() => stores.close());
  const failures: MillraceError[] = [];
  const record = new DurableRecords(store, (error) => failures.push(error)).contextOf('source/x').record('rig');
  return { stores, record, failures };
}

const rigOf = (url: string, { record }: Owner, version: 5 | 4, life: Partial<LifeOptions> = {}): ConnectionRig =>
  durableRig(url, { record, ...life, options: { protocolVersion: version, ...CONNECT_TIMEOUT, ...life.options } });

/** From now on what the client sends waits, and its connection is gone: its next CONNECT is on its way. */
async function holdConnect(proxy: ChaosProxy): Promise<void> {
  const before = proxy.connections;
  proxy.blackhole('to-server');
  proxy.cutAll();
  await until(() => proxy.connections > before, { what: 'another connection through the proxy' });
}

/** An owner that goes on after one which began to make the session and came to nothing; its CONNECT is on its way. */
async function holdFirstConnect(proxy: ChaosProxy, version: 5 | 4) {
  const crashed = await takeStore();
  await crashed.record.put(CREATING);
  const earlier = await takeStore(crashed.stores.rival());
  const zombie = rigOf(proxy.url, earlier, version, SOURCE);
  proxy.blackhole('to-server');
  const dying = zombie.open();
  dying.catch(() => {});
  await until(() => proxy.connections > 0 && readSessionRecord(earlier.record.value)?.epoch === 2);
  return { earlier, zombie, dying };
}

/** The last connection that the broker has taken through the proxy. */
const newest = (broker: TakeoverBroker): FakeClient => {
  const client = broker.fake.clients.at(-1);
  assert.ok(client !== undefined);
  return client;
};

const SOURCE = { input: { subscriptions: [wanted('t', { qos: 2 })] } } as const;
const WILLS = [
  { version: 5, delay: undefined, tells: true },
  { version: 5, delay: 0, tells: true },
  { version: 5, delay: 30, tells: false },
  { version: 4, delay: undefined, tells: true },
] as const;
const KINDS = [
  { title: '5.0', version: 5, deniesMarkers: false },
  { title: '5.0 without markers', version: 5, deniesMarkers: true },
  { title: '3.1.1', version: 4, deniesMarkers: false },
] as const;

describe('C3: an owner that was taken over', () => {
  for (const { title, version, deniesMarkers } of KINDS) {
    it(`sends nothing again when its CONNECT arrives after the takeover (${title})`, LIMIT, async () => {
      await using broker = await startTakeoverBroker({ deniesMarkers });
      await using proxy = await startChaosProxy({ to: broker });
      const earlier = await takeStore();
      const zombie = rigOf(proxy.url, earlier, version);
      await zombie.open();
      broker.deaf = true;
      for (const seq of ROWS) zombie.publish(seq, 'out', { qos: 2 });
      await until(() => newest(broker).packets.filter(({ type }) => type === 'publish').length === ROWS.length);
      await holdConnect(proxy);
      broker.deaf = false;

      const later = await takeStore(earlier.stores.rival());
      const rows = ROWS.map(
        (seq) => ({ message: outbound(seq, 2, { topic: 'out', payload: bytesOf(seq) }), stage: 'sent' }) as const,
      );
      const owner = rigOf(broker.url, later, version, { outbound: rows });
      await owner.open();
      await until(() => owner.delivered.length === ROWS.length);
      assert.deepEqual(broker.delivered, TEXTS);

      proxy.heal();
      await until(() => zombie.failures.length === 1, { what: 'the earlier owner to end' });
      assert.equal(zombie.failures[0]?.code, 'STORE_FENCED');
      assert.equal(earlier.failures[0]?.code, 'STORE_FENCED');
      assert.equal(zombie.connected.length, 1, 'its owner never hears of that connection');
      await until(() => owner.granted.length === 2, { what: 'the later owner to be back' });
      assertSilent(proxy, 2);
      owner.publish(11, 'out', { qos: 2 });
      await until(() => owner.delivered.includes(11));
      assert.deepEqual(broker.delivered, [...TEXTS, '11'], 'none twice');
      await owner.connection.close();
    });

    it(`answers nothing when its CONNECT arrives after the takeover (${title})`, LIMIT, async () => {
      await using broker = await startTakeoverBroker({ deniesMarkers });
      await using proxy = await startChaosProxy({ to: broker });
      const earlier = await takeStore();
      const zombie = rigOf(proxy.url, earlier, version, SOURCE);
      await zombie.open();
      broker.fake.script = { ...broker.fake.script, pubrec: () => {} };
      broker.publish('rig', { packetId: 7, text: 'old' });
      await until(() => newest(broker).packets.some(({ type }) => type === 'pubrec'));
      await holdConnect(proxy);

      const later = await takeStore(earlier.stores.rival());
      const inbound = [{ packetId: 7, token: 0, stage: 'accepted' }] as const;
      const owner = rigOf(broker.url, later, version, { ...SOURCE, inbound });
      await owner.open();
      const first = newest(broker);
      first.send({ type: 'pubrel', packetId: 7, reasonCode: 0 });
      await until(() => first.packets.some(({ type }) => type === 'pubcomp'));

      // another message has the id from here on; it never reaches the later owner, before its connection is taken from it
      const accepting = broker.fake.script;
      broker.fake.script = {
        ...accepting,
        connect: (client, packet) => {
          accepting.connect?.(client, packet);
          const payload = new TextEncoder().encode('new');
          client.send({ type: 'publish', topic: 't', payload, qos: 2, retain: false, dup: true, packetId: 7 });
        },
      };
      proxy.heal();
      await until(() => zombie.failures.length === 1, { what: 'the earlier owner to end' });
      assert.equal(zombie.failures[0]?.code, 'STORE_FENCED');
      assertSilent(proxy, 2);
      assert.deepEqual(
        zombie.messages.map(({ text }) => text),
        ['old'],
      );
      await until(() => owner.messages.length === 1, { what: 'the message at the later owner' });
      assert.deepEqual(
        owner.messages.map(({ text }) => text),
        ['new'],
        'none lost',
      );
      await owner.connection.close();
    });
  }

  for (const version of [5, 4] as const) {
    it(`ends no session when its first CONNECT arrives late (MQTT ${version})`, LIMIT, async () => {
      await using broker = await startTakeoverBroker();
      await using proxy = await startChaosProxy({ to: broker });
      // a process that began to make the session, and came to nothing: the next one does not know what it left (R6a)
      const { earlier, zombie, dying } = await holdFirstConnect(proxy, version);
      const later = await takeStore(earlier.stores.rival());
      using told = new Told('session-lost', 'session-not-kept');
      const owner = rigOf(broker.url, later, version, SOURCE);
      await owner.open();
      assert.equal(readSessionRecord(later.record.value)?.phase, 'established');

      proxy.heal();
      await assert.rejects(dying, { code: 'STORE_FENCED' });
      assertSilent(proxy, 1);
      assert.equal(zombie.connected.length, 0);
      await until(() => owner.granted.length === 2, { what: 'the later owner to be back' });
      assert.deepEqual([broker.ends, told.names], [[], []]);
      assert.equal(broker.has('rig', 't'), true);
      broker.publish('rig', { packetId: 1, text: 'x' });
      await until(() => owner.messages.length === 1);
      await owner.connection.close();
    });

    it(`goes on with a session that the owner before had begun to subscribe (MQTT ${version})`, LIMIT, async () => {
      await using broker = await startTakeoverBroker();
      const earlier = await takeStore();
      let commits = 0;
      const forever = deferred<void>();
      // creating, made, established
      earlier.stores.beforeWrite = (what) => {
        commits += what === 'commit' ? 1 : 0;
        return commits === 3 ? forever.promise : undefined;
      };
      const victim = rigOf(broker.url, earlier, version, SOURCE);
      victim.open().catch(() => {});
      await until(() => commits === 3);
      assert.equal(broker.has('rig', 't'), true, 'the session may have got messages by now');
      await victim.connection.close(0);

      const later = await takeStore(earlier.stores.rival());
      assert.equal(readSessionRecord(later.record.value)?.phase, 'made');
      using told = toldOfSessions();
      const owner = rigOf(broker.url, later, version, SOURCE);
      await owner.open();
      assert.equal(newest(broker).connect?.clean, false);
      assert.deepEqual([broker.ends, broker.fake.discards], [[], []], 'nothing was thrown away');
      const { subscriptions } = await broker.fake.packet(newest(broker), 'subscribe');
      assert.equal(subscriptions[0]?.filter, 't', 'it may not have got everything');
      assert.deepEqual(told.names, ['session-unverified']);
      assert.deepEqual([owner.losses, owner.connected[0]?.sessionPresent], [[], true]);
      await owner.connection.close();
    });
  }

  it('throws what it finds before its first session away by its DISCONNECT, never by a CONNECT', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    const crashed = await takeStore();
    await crashed.record.put(CREATING);
    broker.remember('rig');
    const owner = rigOf(broker.url, await takeStore(crashed.stores.rival()), 5, SOURCE);
    await owner.open();
    assert.deepEqual([broker.ends, broker.fake.discards], [['expiry'], []]);
    assert.ok(broker.fake.clients.every(({ connect }) => connect?.clean !== true));
    await owner.connection.close();
  });

  it('goes on asking where the server keeps what was to go', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    const { disconnect } = broker.fake.script;
    let kept = 0;
    broker.fake.script = {
      ...broker.fake.script,
      disconnect: (client, packet) => {
        if (packet.properties?.sessionExpiryInterval !== 0 || kept === 3) disconnect?.(client, packet);
        else {
          kept += 1;
          client.fin();
        }
      },
    };
    const crashed = await takeStore();
    await crashed.record.put(CREATING);
    broker.remember('rig');
    const owner = rigOf(broker.url, await takeStore(crashed.stores.rival()), 5, SOURCE);
    await owner.open();
    assert.deepEqual([kept, broker.ends], [3, ['expiry']]);
    assert.equal(owner.disconnects.filter(({ code }) => code === 'SESSION_LOST').length, 4);
    await owner.connection.close();
  });

  it(
    'below 5.0 ends what it found by a clean CONNECT; one that arrives late ends no more, and is told',
    LIMIT,
    async () => {
      await using broker = await startTakeoverBroker();
      await using proxy = await startChaosProxy({ to: broker });
      const crashed = await takeStore();
      await crashed.record.put(CREATING);
      broker.remember('rig');
      const earlier = await takeStore(crashed.stores.rival());
      const zombie = rigOf(proxy.url, earlier, 4, SOURCE);
      // the first CONNECT finds it, the second is the clean one
      const accepting = broker.fake.script;
      broker.fake.script = {
        ...accepting,
        disconnect: (client, packet) => {
          proxy.blackhole('to-server');
          accepting.disconnect?.(client, packet);
        },
      };
      const dying = zombie.open();
      dying.catch(() => {});
      await until(() => proxy.connections === 2);
      broker.fake.script = accepting;

      // the owner has thrown away what it found, too, and made its session
      const later = await takeStore(earlier.stores.rival());
      using told = new Told('session-lost');
      const owner = rigOf(broker.url, later, 4, SOURCE);
      await owner.open();
      assert.deepEqual(broker.ends, ['clean']);
      proxy.heal();
      await assert.rejects(dying, { code: 'STORE_FENCED' });
      assertSilent(proxy, 2);
      assert.deepEqual(broker.ends, ['clean', 'clean'], 'it ended the session of the later owner');
      await until(() => owner.granted.length === 2, { what: 'the later owner to be back' });
      assert.deepEqual(told.names, ['session-lost']);
      broker.publish('rig', { packetId: 1, text: 'x' });
      await until(() => owner.messages.length === 1);
      await owner.connection.close();
    },
  );
});

describe('C3: who has a store that another owner can take over', () => {
  for (const { title, version, deniesMarkers } of KINDS) {
    it(
      `says nothing before the store has answered, and then takes what has come meanwhile (${title})`,
      LIMIT,
      async () => {
        await using broker = await startTakeoverBroker({ deniesMarkers });
        const owner = await takeStore();
        const rig = rigOf(broker.url, owner, version, { ...SOURCE, options: { keepalive: 1 } });
        await rig.open();
        const asked = deferred<void>();
        owner.stores.beforeWrite = () => (broker.fake.clients[1]?.connect === undefined ? undefined : asked.promise);
        (await broker.fake.client(0)).reset();
        const second = await broker.fake.client(1);
        await broker.fake.packet(second, 'connect');
        broker.publish('rig', { packetId: 1, text: 'x' });
        second.send({ type: 'pubrel', packetId: 9, reasonCode: 0 });
        await broker.fake.packet(second, 'pingreq');
        assert.ok(second.packets.every(({ type }) => isSilent(type)));
        assert.deepEqual([rig.connected.length, rig.messages.length], [1, 0]);
        asked.resolve();
        await until(() => rig.messages.length === 1 && rig.granted.length === 2);
        await broker.fake.packet(second, 'pubcomp');
        await rig.connection.close();
      },
    );
  }

  it('makes its first session with one write behind CONNACK, before which it says nothing', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    const owner = await takeStore();
    const asked = deferred<void>();
    const held: string[] = [];
    owner.stores.beforeWrite = (what) => {
      if (broker.fake.clients[0]?.connect === undefined) return undefined;
      held.push(what);
      return asked.promise;
    };
    const rig = rigOf(broker.url, owner, 5, { ...SOURCE, options: { keepalive: 1 } });
    const opening = rig.open();
    const first = await broker.fake.client(0);
    await broker.fake.packet(first, 'pingreq');
    assert.deepEqual(held, ['commit'], 'the step and the proof are one');
    assert.ok(first.packets.every(({ type }) => isSilent(type)));
    asked.resolve();
    await opening;
    await rig.connection.close();
  });

  for (const { title, version, deniesMarkers } of KINDS) {
    it(`believes no session, though each CONNECT had its CONNACK (${title})`, LIMIT, async () => {
      await using broker = await startTakeoverBroker({ deniesMarkers });
      const rig = rigOf(broker.url, await takeStore(), version, SOURCE);
      await rig.open();
      using told = new Told('session-verified', 'session-unverified', 'session-lost');
      // another owner's clean CONNECT, and one behind it that is not, as far as the broker knows
      broker.forget('rig');
      broker.remember('rig');
      newest(broker).reset();
      await until(() => rig.granted.length === 2);
      assert.equal(broker.has('rig', 't'), true, 'it has subscribed again');
      assert.deepEqual(told.names, [version === 4 || deniesMarkers ? 'session-unverified' : 'session-lost']);
      newest(broker).reset();
      await until(() => rig.granted.length === 3);
      assert.equal(told.names[1], version === 4 || deniesMarkers ? 'session-unverified' : 'session-verified');
      await rig.connection.close();
    });
  }

  for (const version of [5, 4] as const) {
    it(
      `ends as one that was fenced, and not by a conflict of client ids, when it is taken over (MQTT ${version})`,
      LIMIT,
      async () => {
        await using broker = await startTakeoverBroker();
        const earlier = await takeStore();
        const evicted = rigOf(broker.url, earlier, version, SOURCE);
        await evicted.open();
        const owner = rigOf(broker.url, await takeStore(earlier.stores.rival()), version, SOURCE);
        await owner.open();
        await until(() => evicted.failures.length === 1);
        assert.equal(evicted.failures[0]?.code, 'STORE_FENCED');
        assert.equal(broker.fake.clients.filter(({ connect }) => connect !== undefined).length, 2, 'no other CONNECT');
        assert.deepEqual(owner.disconnects, []);
        await owner.connection.close();
      },
    );
  }

  it('has a conflict of client ids with another store all the same', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    const rigs = await Promise.all(
      [0, 1].map(async () => rigOf(broker.url, await takeStore(), 5, { ...SOURCE, onUnknownSession: 'adopt' })),
    );
    const refused: unknown[] = [];
    for (const rig of rigs) rig.open().catch((error: unknown) => refused.push(error));
    const failures = () => [...refused, ...rigs.flatMap(({ failures }) => failures)];
    await until(() => failures().length > 0);
    assert.equal(Reflect.get(Object(failures()[0]), 'code'), 'CLIENT_ID_CONFLICT');
    await Promise.all(rigs.map((rig) => rig.connection.close()));
  });

  it('R5c: throws a session that went back away by its DISCONNECT, never by a clean CONNECT', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    const earlier = await takeStore();
    const first = rigOf(broker.url, earlier, 5);
    await first.open();
    const backup = broker.save('rig');
    newest(broker).reset();
    await until(() => first.granted.length === 2);
    await first.connection.close();
    using told = new Told('session-went-back', 'session-verified');
    broker.restore('rig', backup);
    // in the first process it is known that the session can only be ours
    const rig = rigOf(broker.url, await takeStore(earlier.stores.rival()), 5);
    await rig.open();
    assert.deepEqual(told.names, ['session-went-back']);
    assert.deepEqual(broker.ends, ['expiry']);
    assert.ok(broker.fake.clients.every(({ connect }) => connect?.clean !== true));
    assert.deepEqual(broker.fake.discards, []);
    await rig.connection.close();
  });

  for (const { version, delay, tells } of WILLS) {
    it(`is told of a will that a takeover publishes: MQTT ${version}, delay ${delay}: ${tells}`, LIMIT, async () => {
      await using broker = await startTakeoverBroker();
      using told = new Told('will-at-takeover');
      const properties = delay === undefined ? {} : { properties: { willDelayInterval: delay } };
      const options = { will: { topic: 'w', payload: 'gone', ...properties } };
      const rig = rigOf(broker.url, await takeStore(), version, { options });
      await rig.open();
      assert.equal(told.events.length, tells ? 1 : 0);
      await rig.connection.close();
    });
  }

  it('is not told of a will where nobody can take the store over', LIMIT, async () => {
    await using broker = await startTakeoverBroker();
    using told = new Told('will-at-takeover');
    const rig = durableRig(broker.url, { record: new MemoryRecord(), options: { will: { topic: 'w', payload: 'x' } } });
    await rig.open();
    assert.deepEqual(told.events, []);
    await rig.connection.close();
  });
});

const CREATING = {
  epoch: 1,
  phase: 'creating',
  connecting: true,
  lost: false,
  wentBack: false,
  droppedEpoch: 0,
  server: undefined,
  version: undefined,
  markers: undefined,
  tried: false,
  subscriptions: [],
} as const;

const bytesOf = (seq: number): Uint8Array => new TextEncoder().encode(String(seq));
