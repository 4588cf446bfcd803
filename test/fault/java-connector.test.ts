import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  Engine,
  MillraceError,
  MqttSinks,
  MqttSources,
  Pipeline,
  RetryStrategies,
  Sinks,
  Subscription,
  TestSources,
} from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { QUICK, type RigBrokers, startRigBrokers, stopRigBrokers } from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

/*
 * The scenarios of the connector for Hazelcast Jet that this one succeeds, on a real broker. Unlike there duplicates are
 * counted too: without a crash QoS 2 makes none, even over cuts.
 */

const ITEMS = 1_000;
let brokers: RigBrokers;

const range = (count: number, prefix = 'message-') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('the scenarios of the Java connector', SUITE_LIMIT, () => {
  before(async () => {
    brokers = await startRigBrokers();
  });
  after(() => stopRigBrokers(brokers));

  for (const autoReconnect of [true, false]) {
    for (const qos of [1, 2] as const) {
      const title = `1,000 items arrive although the connection is cut in the middle, with indefinitely(1000)`;
      it(`${title} (QoS ${qos}, auto-reconnect ${autoReconnect ? 'on' : 'off'})`, LIMIT, async () => {
        const topic = `java/retry/${qos}/${autoReconnect}`;
        await using proxy = await startChaosProxy({ to: brokers.to });
        await using witness = await startMosquittoSub({ port: brokers.to.port, topic });
        const answer = qos === 1 ? 'puback' : 'pubrec';
        const fault = proxy.cut({ when: { from: 'server', type: answer, nth: ITEMS / 2 } });
        const sink = MqttSinks.builder<string>({
          clientId: `java-retry-${qos}-${autoReconnect}`,
          broker: proxy.url,
          topic,
          autoReconnect,
          retryStrategy: RetryStrategies.indefinitely(1000),
          qualityOfService: qos,
        }).build();
        const pipeline = Pipeline.create();
        pipeline.readFrom(TestSources.items(...range(ITEMS))).writeTo(sink);
        await Engine.embedded().newJob(pipeline).join();
        await fault.fired();
        await witness.untilCount(ITEMS);
        await witness.untilQuiet(200);
        assert.deepEqual([...new Set(witness.texts)], range(ITEMS));
        if (qos === 2) assert.equal(witness.messages.length, ITEMS);
      });
    }
  }

  it(
    'a source with auto-reconnect outlives a restart of its broker and gets what is retained then',
    LIMIT,
    async () => {
      await using broker = await startMosquitto();
      const items: string[] = [];
      const source = MqttSources.builder()
        .clientId('java-reconnect')
        .broker(broker.url)
        .topic('retain/#')
        .autoReconnect()
        .keepSession()
        .connectOptionsFn(() => QUICK)
        .mapToItemFn((_topic, message) => message.toString())
        .build();
      const pipeline = Pipeline.create();
      pipeline.readFrom(source).writeTo(Sinks.list(items));
      await using job = Engine.embedded().newJob(pipeline);
      await job.whenRunning();
      await publishAll({ port: broker.port, topic: 'retain/before' }, ['before']);
      await until(() => items.length === 1);
      await broker.stop();
      await broker.start();
      for (const number of range(10)) {
        await publishAll({ port: broker.port, topic: `retain/${number}`, retain: true }, [number]);
      }
      await until(() => items.length >= 11, { what: () => `11 items, have ${items.length}` });
      assert.deepEqual([...items].sort(), ['before', ...range(10)].sort());
      assert.equal(job.status, 'RUNNING');
    },
  );

  it('three topics at QoS 2 with 100 messages each arrive complete, once and in order per topic', LIMIT, async () => {
    const topics = ['java/three/a', 'java/three/b', 'java/three/c'];
    const items: string[] = [];
    const source = MqttSources.builder()
      .clientId('java-three')
      .broker(brokers.from.url)
      .subscriptions(...topics.map((topic) => Subscription.of(topic, 2)))
      .connectOptionsFn(() => ({ ...QUICK, clean: false }))
      .mapToItemFn((topic, message) => `${topic} ${message.toString()}`)
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(Sinks.list(items));
    await using job = Engine.embedded().newJob(pipeline);
    await job.whenRunning();
    const { port } = brokers.from;
    await Promise.all(topics.map((topic) => publishAll({ port, topic, qos: 2 }, range(100))));
    await until(() => items.length >= 300, { what: () => `300 items, have ${items.length}` });
    for (const topic of topics) {
      const own = items.filter((item) => item.startsWith(topic));
      assert.deepEqual(
        own,
        range(100).map((text) => `${topic} ${text}`),
      );
    }
    assert.equal(items.length, 300);
  });

  describe('on a broker with users', SUITE_LIMIT, () => {
    const cases = [
      ['right', ['username', 'password']],
      ['wrong', ['username', 'pass-word']],
      ['missing', undefined],
    ] as const;
    for (const [what, login] of cases) {
      it(`a ${what} password ${what === 'right' ? 'lets source and sink in' : 'fails the job and is not shown'}`, async () => {
        await using broker = await startMosquitto({ users: { username: 'password' } });
        const common = {
          broker: broker.url,
          connectOptionsFn: () => QUICK,
          ...(login === undefined ? {} : { auth: { username: login[0], password: login[1] } }),
        };
        const items: string[] = [];
        const reading = Pipeline.create();
        const source = { ...common, clientId: `in-${what}`, topic: 'secured', keepSession: true } as const;
        reading
          .readFrom(MqttSources.builder({ ...source, mapToItemFn: (_topic, message) => message.toString() }).build())
          .writeTo(Sinks.list(items));
        const writing = Pipeline.create();
        writing
          .readFrom(TestSources.items('secret message'))
          .writeTo(MqttSinks.builder<string>({ ...common, clientId: `out-${what}`, topic: 'secured' }).build());
        await using engine = Engine.embedded();
        const reader = engine.newJob(reading);
        if (what === 'right') {
          await reader.whenRunning();
          await engine.newJob(writing).join();
          await until(() => items.length === 1);
          return;
        }
        for (const job of [reader, engine.newJob(writing)]) {
          const error = await job.join().catch((thrown: unknown) => thrown);
          assert.ok(error instanceof MillraceError);
          assert.match(error.code, /NOT_AUTHORIZED|BAD_CREDENTIALS/);
          assert.ok(!JSON.stringify([error, String(error), error.stack]).includes('pass-word'));
        }
      });
    }
  });
});
