import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSessionRecord } from '../../src/mqtt/connection/identity/record/read-session-record.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { type ConnectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig, type LifeOptions } from '../support/rigs/durable-rig.js';
import { outbound } from '../support/rigs/session-rig.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

const IN_DOUBT = [{ message: outbound(3, 2, { topic: 'out' }), stage: 'sent' } as const];

/** A broker behind a proxy, a store, and the lives of a client between them. */
class Lives implements AsyncDisposable {
  readonly broker: Mosquitto;
  readonly proxy: ChaosProxy;
  readonly #version: 5 | 4;
  record = new MemoryRecord();

  constructor(broker: Mosquitto, proxy: ChaosProxy, version: 5 | 4) {
    this.broker = broker;
    this.proxy = proxy;
    this.#version = version;
  }

  /** A process that is told apart from the last one only by what that one stored. */
  rig(life: Partial<LifeOptions> & { readonly policy?: 'redeliver' | 'drop' | 'fail' } = {}): ConnectionRig {
    const { policy = 'redeliver', ...more } = life;
    return durableRig(this.proxy.url, {
      record: this.record,
      options: { protocolVersion: this.#version },
      ...more,
      input: { subscriptions: [wanted('t', { qos: 2 })], onSessionLoss: policy, ...more.input },
    });
  }

  /** One that ends without a word. */
  async live(life: Parameters<Lives['rig']>[0] = {}): Promise<void> {
    const rig = this.rig(life);
    await rig.open();
    await this.kill(rig);
  }

  /** The socket goes, and only what is durable stays. */
  async kill(rig: ConnectionRig): Promise<void> {
    const record = this.record.crash();
    this.proxy.cutAll();
    await rig.connection.close(0);
    this.record = record;
  }

  /** Messages of another client, straight to the broker. */
  async publish(...texts: string[]): Promise<void> {
    await publishAll({ port: this.broker.port, topic: 't', qos: 2 }, texts);
  }

  get stored() {
    return readSessionRecord(this.record.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.close();
    await this.broker.stop();
  }
}

async function lives(version: 5 | 4, config: Parameters<typeof startMosquitto>[0] = {}): Promise<Lives> {
  const broker = await startMosquitto(config);
  return new Lives(broker, await startChaosProxy({ to: broker }), version);
}

/** The client gets these messages in this order, and no others. */
async function gets(rig: ConnectionRig, ...texts: string[]): Promise<void> {
  await until(() => rig.messages.length >= texts.length, {
    what: () => `${texts.length}, have ${rig.messages.length}`,
  });
  assert.deepEqual(
    rig.messages.map(({ text }) => text),
    texts,
  );
}

describe('durable connection: a real broker', () => {
  for (const version of [5, 4] as const) {
    it(`goes on after a kill, with what came meanwhile (version ${version})`, LIMIT, async () => {
      await using all = await lives(version);
      await all.live();
      await all.publish('1', '2');
      using told = toldOfSessions();
      const subscribed = all.proxy.count('client', 'subscribe');
      const rig = all.rig({ policy: 'fail' });
      await rig.open();
      await gets(rig, '1', '2');
      // below 5.0 every CONNECT so far had its CONNACK, so that it is believed in; but the store may be an old copy
      assert.deepEqual(told.names, [version === 5 ? 'session-verified' : 'session-unverified']);
      assert.equal(all.proxy.count('client', 'subscribe') - subscribed, version === 5 ? 1 : 0, 'at most a new marker');
      await rig.connection.close();
    });

    it(`R5a: a lost CONNACK with our session behind it: it goes on (version ${version})`, LIMIT, async () => {
      await using all = await lives(version);
      await all.live();
      await all.publish('1');
      using told = toldOfSessions();
      const lost = all.proxy.dropConnack();
      const rig = all.rig({ policy: 'fail' });
      await rig.open();
      await lost.fired();
      await gets(rig, '1');
      await all.publish('2');
      await gets(rig, '1', '2');
      assert.deepEqual(told.names, [version === 5 ? 'session-verified' : 'session-unverified']);
      await rig.connection.close();
    });

    it(`R5a: a lost CONNACK with an empty session behind it: messages come (version ${version})`, LIMIT, async () => {
      await using all = await lives(version);
      await all.live();
      await all.broker.kill();
      await all.broker.start();
      using told = toldOfSessions();
      const lost = all.proxy.dropConnack();
      const rig = all.rig({ outbound: IN_DOUBT });
      await rig.open();
      await lost.fired();
      assert.equal(rig.connected[0]?.sessionPresent, true, 'the broker says that it has the session');
      await all.publish('1');
      await gets(rig, '1');
      await until(() => rig.delivered.length === 1);
      assert.deepEqual(told.names, [version === 5 ? 'session-lost' : 'session-unverified']);
      assert.equal(rig.connection.session.epoch, version === 5 ? 2 : 1);
      await rig.connection.close();
    });

    it(
      `R5a: a crash between CONNECT and CONNACK leaves the next process in doubt (version ${version})`,
      LIMIT,
      async () => {
        await using all = await lives(version);
        await all.live();
        await all.broker.kill();
        await all.broker.start();
        const lost = all.proxy.dropConnack();
        const victim = all.rig({
          options: { protocolVersion: version, reconnectPeriod: 10_000, maxReconnectPeriod: 10_000 },
        });
        victim.open().catch(() => {});
        await lost.fired();
        await all.kill(victim);
        assert.equal(all.stored?.connecting, true);
        using told = toldOfSessions();
        const rig = all.rig();
        await rig.open();
        await all.publish('1');
        await gets(rig, '1');
        assert.deepEqual(told.names, [version === 5 ? 'session-lost' : 'session-unverified']);
        await rig.connection.close();
      },
    );

    it(`C3: session present 0 at a start with state: policies (version ${version})`, LIMIT, async () => {
      await using all = await lives(version);
      await all.live();
      await all.broker.kill();
      await all.broker.start();
      const failing = { policy: 'fail', outbound: IN_DOUBT } as const;
      await assert.rejects(all.rig(failing).open(), { code: 'SESSION_LOST' });
      all.record = all.record.crash();
      await assert.rejects(all.rig(failing).open(), { code: 'SESSION_LOST' });
      assert.deepEqual([all.stored?.lost, all.stored?.epoch], [true, 1]);
      const kept = all.record.crash();
      for (const policy of ['redeliver', 'drop'] as const) {
        all.record = kept.crash();
        const rig = all.rig({ policy, outbound: IN_DOUBT });
        await rig.open();
        assert.deepEqual(rig.losses, [policy === 'drop' ? [3] : []]);
        if (policy === 'redeliver') await until(() => rig.delivered.length === 1);
        assert.deepEqual([all.stored?.epoch, all.stored?.droppedEpoch], [2, policy === 'drop' ? 2 : 0]);
        await all.kill(rig);
      }
      const after = all.rig({ policy: 'fail' });
      await after.open();
      await after.connection.close();
    });

    it(
      `R6a: a crash before anything is asked of the session: the next process begins it anew (version ${version})`,
      LIMIT,
      async () => {
        await using all = await lives(version);
        all.record.holds = (index) => index === 1;
        const victim = all.rig();
        victim.open().catch(() => {});
        await all.record.heldPut();
        await all.kill(victim);
        assert.equal(all.stored?.phase, 'creating');
        await all.publish('from before');
        const rig = all.rig({ policy: 'fail' });
        await rig.open();
        await all.publish('1');
        await gets(rig, '1');
        assert.deepEqual(all.stored?.phase, 'established');
        await rig.connection.close();
      },
    );

    for (const filter of ['t', '$share/g/t']) {
      it(
        `R6a: a crash between SUBACK and its commit: the next process has what came to ${filter} (version ${version})`,
        LIMIT,
        async () => {
          await using all = await lives(version);
          const input = { subscriptions: [wanted(filter, { qos: 2 })] };
          all.record.holds = (index) => index === 2;
          const victim = all.rig({ input });
          victim.open().catch(() => {});
          await all.record.heldPut();
          await all.kill(victim);
          assert.equal(all.stored?.phase, 'made');
          await all.publish('from before');
          const rig = all.rig({ policy: 'fail', input });
          await rig.open();
          await all.publish('1');
          await gets(rig, 'from before', '1');
          assert.equal(all.stored?.phase, 'established');
          await rig.connection.close();
        },
      );
    }

    it(`D9: the store is gone and the session is not: each policy (version ${version})`, LIMIT, async () => {
      for (const onUnknownSession of ['fail', 'adopt', 'discard'] as const) {
        await using all = await lives(version);
        await all.live();
        await all.publish('kept by the broker');
        all.record = new MemoryRecord();
        const rig = all.rig({ onUnknownSession });
        if (onUnknownSession === 'fail') {
          await assert.rejects(rig.open(), { code: 'SESSION_UNKNOWN' });
          const adopting = all.rig({ record: new MemoryRecord(), onUnknownSession: 'adopt' });
          await adopting.open();
          await gets(adopting, 'kept by the broker');
          await adopting.connection.close();
          continue;
        }
        await rig.open();
        await all.publish('1');
        await gets(rig, ...(onUnknownSession === 'adopt' ? ['kept by the broker', '1'] : ['1']));
        await all.kill(rig);
        const next = all.rig({ policy: 'fail' });
        await next.open();
        await next.connection.close();
      }
    });
  }

  it('R5b: another server is a session loss, unless the servers share their sessions', LIMIT, async () => {
    await using all = await lives(5);
    await all.live();
    const elsewhere = await startChaosProxy({ to: all.broker });
    const there = (
      options: LifeOptions['options'],
      policy: 'fail' | 'redeliver',
      record: MemoryRecord,
    ): ConnectionRig =>
      durableRig(elsewhere.url, {
        record,
        options: { ...options },
        input: { subscriptions: [wanted('t', { qos: 2 })], onSessionLoss: policy },
      });
    const { port, host } = elsewhere;
    const shared = there({ servers: [{ host, port }], serversShareSessions: true }, 'fail', all.record.crash());
    await shared.open();
    await shared.connection.close();
    await all.live({ policy: 'redeliver' });
    await assert.rejects(there({}, 'fail', all.record.crash()).open(), { code: 'SESSION_LOST' });
    using told = toldOfSessions();
    const record = all.record.crash();
    const rig = there({}, 'redeliver', record);
    await rig.open();
    assert.deepEqual(told.names, ['session-lost']);
    assert.equal(readSessionRecord(record.value)?.server, elsewhere.url);
    await all.publish('1');
    await gets(rig, '1');
    await rig.connection.close();
    await elsewhere.close();
  });

  it('R5a: a proof needs no right to read or write anything', LIMIT, async () => {
    await using all = await lives(5, { acl: ['topic readwrite t'] });
    await all.live();
    using told = toldOfSessions();
    await all.live({ policy: 'fail' });
    assert.deepEqual(told.names, ['session-verified']);
  });

  it('sends what was in doubt again under its id, and nothing before the session is proven', LIMIT, async () => {
    await using all = await lives(5);
    await all.live();
    const rig = all.rig({ outbound: IN_DOUBT, policy: 'fail' });
    await rig.open();
    await until(() => rig.delivered.length === 1);
    const connection = all.proxy.connections;
    const sent = all.proxy.seen.filter((frame) => frame.connection === connection);
    const at = (type: string): number => sent.findIndex((frame) => frame.type === type);
    assert.ok(at('unsuback') > 0 && at('unsuback') < at('publish'), sent.map(({ type }) => type).join(' '));
    await rig.connection.close();
  });

  it('refuses a broker that takes QoS 1 at most, where the guarantee needs 2 (F17)', LIMIT, async () => {
    await using broker = await startMosquitto({ listeners: [{ config: ['max_qos 1'] }] });
    const url = `mqtt://127.0.0.1:${broker.listenerPorts[0]}`;
    const rig = durableRig(url, { record: new MemoryRecord(), input: { requireQos2: true } });
    await assert.rejects(rig.open(), { code: 'GUARANTEE_UNSUPPORTED' });
  });
});
