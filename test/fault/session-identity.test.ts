import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import {
  Engine,
  type Job,
  MillraceError,
  MqttSources,
  Pipeline,
  Sinks,
  type Source,
  Subscription,
} from '../../src/index.js';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { LIMIT, PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import {
  assertSound,
  BridgeRig,
  QUICK,
  type RigBrokers,
  startBridge,
  startRigBrokers,
  stopRigBrokers,
} from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

/* Group G of the fault matrix: who we are to the broker, and what it still knows of us. */

let brokers: RigBrokers;
let names = 0;
const freshId = () => `g-${process.pid}-${++names}`;

/** A job that reads a source into a list, at least once. */
class ListJob<T> implements AsyncDisposable {
  readonly items: T[] = [];
  readonly job: Job;
  readonly #engine = Engine.embedded();

  constructor(source: Source<T>) {
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(Sinks.list(this.items));
    this.job = this.#engine.newJob(pipeline, { drainTimeoutMs: 2_000 });
    this.job.join().catch(() => {});
  }

  static async running<T>(source: Source<T>): Promise<ListJob<T>> {
    const list = new ListJob(source);
    await list.job.whenRunning();
    return list;
  }

  async untilItems(count: number): Promise<readonly T[]> {
    await until(() => this.items.length >= count, { what: () => `${count} items, have ${this.items.length}` });
    return this.items;
  }

  metric(name: string): number {
    const samples = this.job.metrics().samples.filter((sample) => sample.name === name);
    return samples.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.job.drain();
  }
}

const texts = (url: string, clientId: string, ...subscriptions: readonly Subscription[]) =>
  MqttSources.builder({
    broker: url,
    clientId,
    keepSession: true,
    subscriptions,
    connectOptionsFn: () => QUICK,
    mapToItemFn: (topic, message) => `${topic}=${message.toString()}${message.retain ? ' (retained)' : ''}`,
  }).build();

/** An MQTT.js client that leaves the session as it is. */
const keeping = (version: 4 | 5) => (version === 5 ? { properties: { sessionExpiryInterval: 600 } } : {});

/** How a job fails, or that it does not. */
async function failureOf(job: Job, withinMs = PATIENCE_MS): Promise<MillraceError> {
  const outcome = await Promise.race([job.join().catch((error: unknown) => error), sleep(withinMs, 'still running')]);
  assert.ok(outcome instanceof MillraceError, `the job should have failed: ${String(outcome)}`);
  return outcome;
}

describe('G: session and identity', SUITE_LIMIT, () => {
  before(async () => {
    brokers = await startRigBrokers();
  });
  after(() => stopRigBrokers(brokers));

  for (const version of [5, 4] as const) {
    it(`G1 another client that takes our id once is outlived: the session goes on (${version})`, LIMIT, async () => {
      await using rig = await startBridge(brokers, { qos: 2, version });
      await rig.publish(60);
      await rig.settle();
      const intruder = {
        clientId: rig.clientId,
        clean: false,
        reconnectPeriod: 0,
        resubscribe: false,
        ...keeping(version),
      };
      const taken = await connectAsync({
        host: '127.0.0.1',
        port: brokers.from.port,
        protocolVersion: version,
        ...intruder,
      });
      await until(() => rig.source.connections > 1 && !taken.connected, { what: 'us to be back' });
      await rig.publish(60);
      assertSound(await rig.settle(), { once: true });
      assert.ok(rig.source.connections <= 4);
    });
  }

  it('G2 a session that expired while we were away is named lost, and subscribed again', LIMIT, async () => {
    const lost: unknown[] = [];
    const listener = (message: unknown) => lost.push(message);
    subscribe('millrace:session-lost', listener);
    const sourceConnect = { properties: { sessionExpiryInterval: 1 } };
    await using rig = await startBridge(brokers, { qos: 1, sourceConnect });
    await rig.publish(30);
    await rig.settle();
    rig.source.refuse();
    rig.source.cutAll('rst');
    await brokers.from.waitForLog(new RegExp(`Expiring client ${rig.clientId} `));
    rig.source.heal();
    await until(() => rig.source.count('server', 'suback') === 2, { what: 'another SUBACK' });
    await until(() => rig.metric('millrace_sessions_lost_total') === 1);
    assert.equal(lost.length, 1);
    await rig.publish(30);
    assertSound(await rig.settle(), { once: true });
    unsubscribe('millrace:session-lost', listener);
  });

  it(
    'G3 other filters than last time: the kept one brings no retained message again, the dropped one is named',
    LIMIT,
    async () => {
      const [id, root] = [freshId(), freshId()];
      const { url, port } = brokers.from;
      await publishAll({ port, topic: `${root}/b`, retain: true }, ['old']);
      const [a, b, c] = ['a', 'b', 'c'].map((name) => Subscription.of(`${root}/${name}`, 1));
      assert.ok(a && b && c);
      {
        await using first = await ListJob.running(texts(url, id, a, b));
        assert.deepEqual(await first.untilItems(1), [`${root}/b=old (retained)`]);
      }
      await publishAll({ port, topic: `${root}/a` }, ['missed']);
      await publishAll({ port, topic: `${root}/b` }, ['kept']);
      await using second = await ListJob.running(texts(url, id, b, c));
      await publishAll({ port, topic: `${root}/c` }, ['new']);
      assert.deepEqual(await second.untilItems(2), [`${root}/b=kept`, `${root}/c=new`]);
      assert.equal(second.metric('millrace_source_unmatched_total'), 1);
    },
  );

  for (const [what, version, code] of [
    ['0x80', 4, 0x80],
    ['0x87', 5, 0x87],
  ] as const) {
    it(`G4 a SUBACK of ${what} fails the job with filter and code`, LIMIT, async () => {
      await using rig = await BridgeRig.open(brokers, { version });
      const fault = rig.source.replace({ from: 'server', type: 'suback' }, ({ bytes }) => {
        const copy = Uint8Array.from(bytes);
        copy[copy.length - 1] = code;
        return [copy];
      });
      const error = await failureOf(rig.start());
      assert.equal(fault.count, 1);
      assert.deepEqual(
        [error.code, error.reasonCode, error.details.filter],
        ['SUBSCRIPTION_REFUSED', code, `${rig.run}/in/#`],
      );
    });
  }

  it(
    'G4 a SUBACK with too few codes, or none at all, is not taken for a grant: the next connection asks again',
    LIMIT,
    async () => {
      await using rig = await BridgeRig.open(brokers, { sourceConnect: { ackTimeout: 3_000 } });
      const empty = rig.source.replace({ from: 'server', type: 'suback' }, ({ packetId = 0 }) => [
        Uint8Array.from([0x90, 3, packetId >> 8, packetId & 0xff, 0]),
      ]);
      const missing = rig.source.drop({ from: 'server', type: 'suback' });
      await rig.running();
      assert.deepEqual([empty.count, missing.count], [1, 1]);
      assert.equal(rig.source.connections, 3);
      await rig.publish(30);
      assertSound(await rig.settle(), { once: true });
    },
  );

  for (const reasonCode of [0x89, 0x8b, 0x9c, 0x9d]) {
    it(`G5 a DISCONNECT of 0x${reasonCode.toString(16)} from the server is outlived on both sides`, LIMIT, async () => {
      await using rig = await startBridge(brokers, { qos: 2 });
      await rig.publish(60);
      for (const proxy of [rig.source, rig.sink]) {
        await proxy.inject('client', encodePacket({ type: 'disconnect', reasonCode }, 5));
        await until(() => proxy.active === 1 && proxy.connections > 1, { what: 'another connection' });
      }
      await rig.publish(60);
      assertSound(await rig.settle(), { once: true });
      assert.ok(rig.source.connections + rig.sink.connections <= 6, 'no redirect is followed, no storm');
    });
  }

  it(
    'G5 a DISCONNECT of 0x8e, session taken over, is a client-id conflict and fatal when it comes three times in a row (R19a)',
    LIMIT,
    async () => {
      await using rig = await startBridge(brokers, {});
      for (const connections of [1, 2, 3]) {
        await rig.source.untilSeen('server', 'connack', connections);
        await rig.source.inject('client', encodePacket({ type: 'disconnect', reasonCode: 0x8e }, 5));
      }
      const error = await failureOf(rig.job);
      assert.equal(error.code, 'CLIENT_ID_CONFLICT');
      assert.equal(rig.source.connections, 3);
    },
  );

  it(
    "G6 what the server can do is learnt at each connect: keep-alive, sizes and aliases are each connection's own",
    LIMIT,
    async () => {
      await using rig = await BridgeRig.open(brokers, { sinkConnect: { keepalive: 60 } });
      const limits = [
        { serverKeepAlive: 60, receiveMaximum: 50 },
        { serverKeepAlive: 1, receiveMaximum: 3, topicAliasMaximum: 0 },
      ];
      rig.sink.replace({ from: 'server', type: 'connack', times: 10 }, ({ bytes }) => {
        // the first connection only clears the session; the second is the one that is cut
        const properties = limits[rig.sink.count('server', 'connack') < 2 ? 0 : 1] ?? {};
        return [encodePacket({ type: 'connack', sessionPresent: (bytes[2] ?? 0) === 1, reasonCode: 0, properties }, 5)];
      });
      await rig.running();
      await rig.publish(30);
      await rig.settle();
      rig.sink.cutAll();
      await rig.publish(30);
      assertSound(await rig.settle(), { once: false });
      await rig.sink.untilSeen('client', 'pingreq');
      assert.ok(rig.sink.frames('client', 'pingreq').every(({ connection }) => connection > 2));
    },
  );

  it(
    'G6 a broker that comes back without QoS 2 fails the sink at the first message it can not take',
    LIMIT,
    async () => {
      await using rig = await BridgeRig.open(brokers, { qos: 2 });
      rig.sink.replace({ from: 'server', type: 'connack', times: 10 }, ({ bytes }) => {
        const sessionPresent = (bytes[2] ?? 0) === 1;
        // The first connection only clears the session; the second is the one that is cut.
        const properties = {
          receiveMaximum: 20,
          ...(rig.sink.count('server', 'connack') < 2 ? {} : { maximumQoS: 1 as const }),
        };
        return [encodePacket({ type: 'connack', sessionPresent, reasonCode: 0, properties }, 5)];
      });
      await rig.running();
      await rig.publish(30);
      await rig.settle();
      rig.sink.cutAll();
      await rig.publish(1);
      const error = await failureOf(rig.job);
      assert.match(error.message, /QoS/);
      assert.equal(
        rig.sink.count('client', 'publish', ({ connection, qos }) => connection > 2 && qos === 2),
        0,
      );
    },
  );

  it(
    'G7 a broker that only knows 3.1.1 is spoken to in 3.1.1, unless 5.0 was asked for: then the error says so',
    LIMIT,
    async () => {
      await using old = await startAedes();
      const settings = { broker: old.url, clientId: freshId(), topic: 'g7/#', keepSession: true } as const;
      await using any = await ListJob.running(MqttSources.builder(settings).build());
      await publishAll({ port: old.port, topic: 'g7/x' }, ['one']);
      await any.untilItems(1);
      const connectOptionsFn = () => ({ ...QUICK, protocolVersion: 5 as const });
      const strict = new ListJob(MqttSources.builder({ ...settings, clientId: freshId(), connectOptionsFn }).build());
      assert.equal((await failureOf(strict.job)).code, 'UNSUPPORTED_PROTOCOL_VERSION');
    },
  );

  it('G7 a refusal of another kind never leads to an older version', LIMIT, async () => {
    await using locked = await startMosquitto({ users: { ann: 'secret' } });
    await using proxy = await startChaosProxy({ to: locked });
    const settings = { broker: proxy.url, clientId: freshId(), topic: 'g7', keepSession: true } as const;
    const job = new ListJob(MqttSources.builder({ ...settings, connectOptionsFn: () => QUICK }).build());
    const error = await failureOf(job.job);
    assert.ok(error.code === 'NOT_AUTHORIZED' || error.code === 'BAD_CREDENTIALS', error.code);
    assert.equal(proxy.connections, 1);
  });

  it('G8 overlapping filters are refused at build on 3.x, and on 5.0 each copy is a delivery', LIMIT, async () => {
    const root = freshId();
    const subscriptions = [Subscription.of(`${root}/#`, 1), Subscription.of(`${root}/+/x`, 2)];
    const build = (protocolVersion: 4 | 5) =>
      MqttSources.builder({
        broker: brokers.from.url,
        clientId: root,
        keepSession: true,
        subscriptions,
        connectOptionsFn: () => ({ ...QUICK, protocolVersion }),
        mapToItemFn: (topic, message) => `${topic}=${message.toString()} ${message.qos}`,
      }).build();
    assert.throws(() => build(4), { code: /OVERLAPPING_FILTERS|INVALID_OPTIONS/ });
    await using job = await ListJob.running(build(5));
    await publishAll({ port: brokers.from.port, topic: `${root}/a/x`, qos: 2 }, ['twice']);
    await publishAll({ port: brokers.from.port, topic: `${root}/a/y`, qos: 2 }, ['once']);
    const items = await job.untilItems(3);
    assert.deepEqual([...items].sort(), [`${root}/a/x=twice 1`, `${root}/a/x=twice 2`, `${root}/a/y=once 1`]);
  });
});
