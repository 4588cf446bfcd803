import assert from 'node:assert/strict';
import { it } from 'node:test';
import { expectTypeOf } from 'expect-type';
import { z } from 'zod';
import type { Source } from '../../src/connector/source.js';
import { QualityOfService } from '../../src/mqtt/protocol/quality-of-service.js';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';

const broker = 'tcp://localhost:1883';

it('the builder example with one topic compiles and builds as written', () => {
  const source = MqttSources.builder()
    .clientId('consumer')
    .broker('tcp://localhost:1883')
    .auth('username', 'password')
    .topic('topic')
    .qualityOfService(QualityOfService.EXACTLY_ONCE)
    .autoReconnect()
    .keepSession()
    .mapToItemFn((_topic, message) => message.toString())
    .build();
  expectTypeOf(source).toEqualTypeOf<Source<string>>();
  assert.equal(source.defaultGuarantee, 'at-least-once');
});

it('the builder example with subscriptions and connect options compiles and builds as written', () => {
  const source = MqttSources.builder()
    .clientId('consumer')
    .broker('tcp://localhost:1883')
    .subscriptions(
      Subscription.of('topic1'),
      Subscription.of('topic2', QualityOfService.EXACTLY_ONCE),
      Subscription.of('topic3', 0),
    )
    .connectOptionsFn(() => ({
      clean: false,
      autoReconnect: true,
      username: 'username',
      password: 'password',
      maxInflight: 100,
    }))
    .mapToItemFn((_topic, message) => message.toString())
    .build();
  expectTypeOf(source).toEqualTypeOf<Source<string>>();
  assert.equal(source.defaultGuarantee, 'at-least-once');
});

it('the short forms compile and build as written', () => {
  expectTypeOf(MqttSources.mqtt('topic')).toEqualTypeOf<Source<Uint8Array>>();
  expectTypeOf(MqttSources.mqtt(broker, 'topic')).toEqualTypeOf<Source<Uint8Array>>();
  const source = MqttSources.mqtt(broker, Subscription.of('t', 2), (topic, message) => ({
    topic,
    body: message.json(),
  }));
  expectTypeOf(source).toEqualTypeOf<Source<{ topic: string; body: unknown }>>();
  assert.equal(source.defaultGuarantee, 'none');
});

it('one options object says the same as the steps, and steps may follow', () => {
  const bytes = MqttSources.builder({ topic: 't', qualityOfService: 2, clientId: 'c', keepSession: true });
  expectTypeOf(bytes.build()).toEqualTypeOf<Source<Uint8Array>>();
  const lengths = MqttSources.builder({
    subscriptions: [Subscription.of('t')],
    broker,
    mapToItemFn: (_topic, message) => message.payload.length,
  });
  expectTypeOf(lengths.build()).toEqualTypeOf<Source<number>>();
  expectTypeOf(bytes.mapToItemFn((topic) => topic).build()).toEqualTypeOf<Source<string>>();
});

it('undefined is the same as not said', () => {
  const options = { topic: 't', clientId: undefined, keepSession: undefined, mapToItemFn: undefined };
  assert.equal(MqttSources.builder(options).build().defaultGuarantee, 'none');
});

it('topic and subscriptions are alternatives for the compiler and for build()', () => {
  const problems = /alternatives|belongs to topic/;
  // @ts-expect-error subscriptions are already given
  assert.throws(() => MqttSources.builder().subscriptions(Subscription.of('a')).topic('b').build(), problems);
  // @ts-expect-error subscriptions are already given
  assert.throws(() => MqttSources.builder().subscriptions(Subscription.of('a')).qualityOfService(1).build(), problems);
  // @ts-expect-error a topic is already given
  assert.throws(() => MqttSources.builder().topic('a').subscriptions(Subscription.of('b')).build(), problems);
  // @ts-expect-error a topic is already given
  assert.throws(() => MqttSources.builder().qualityOfService(2).subscriptions(Subscription.of('b')).build(), problems);
  // @ts-expect-error both in one object
  assert.throws(() => MqttSources.builder({ topic: 'a', subscriptions: [Subscription.of('b')] }).build(), problems);
  // @ts-expect-error a topic is already given
  assert.throws(() => MqttSources.builder({ topic: 'a' }).subscriptions(Subscription.of('b')).build(), problems);
});

it('a QoS is 0, 1 or 2', () => {
  // @ts-expect-error no such QoS
  assert.throws(() => MqttSources.builder().topic('a').qualityOfService(3).build(), /must be 0, 1 or 2/);
});

it('a schema says what the items are, by step and in the options', () => {
  const reading = z.object({ device: z.string() }).transform(({ device }) => ({ device, length: device.length }));
  const builder = MqttSources.builder({ topic: 't' }).schema(reading);
  expectTypeOf(builder.build()).toEqualTypeOf<Source<{ device: string; length: number }>>();
  builder.deduplicateBy((_message, item) => {
    expectTypeOf(item).toEqualTypeOf<{ device: string; length: number }>();
    return item.device;
  });
  const same = MqttSources.builder({ topic: 't', schema: reading, mapToItemFn: (topic) => topic }).build();
  expectTypeOf(same).toEqualTypeOf<Source<{ device: string; length: number }>>();
  // @ts-expect-error a parser alone is no schema
  assert.throws(() => MqttSources.builder({ topic: 't' }).schema(JSON.parse).build(), /schema must be a schema/);
});

it('deduplicateBy sees the items of mapToItemFn, by step and in the options', () => {
  const source = MqttSources.builder({ topic: 't', clientId: 'c', keepSession: true })
    .mapToItemFn((_topic, message) => ({ id: message.toString() }))
    .deduplicateBy(
      (message, item) => {
        expectTypeOf(item).toEqualTypeOf<{ id: string }>();
        return message.properties.contentType ?? item.id;
      },
      { ttlMs: 60_000, maxEntries: 1000 },
    )
    .onSessionLoss('redeliver')
    .onUnknownSession('adopt')
    .onLowerQos('reject')
    .build();
  expectTypeOf(source).toEqualTypeOf<Source<{ id: string }>>();
  assert.deepEqual(source.deduplication, { ttlMs: 60_000, maxEntries: 1000 });
  const same = MqttSources.builder({
    topic: 't',
    clientId: 'c',
    keepSession: true,
    mapToItemFn: (_topic, message) => message.toString().length,
    deduplicateBy: { keyFn: (_message, item: number) => String(item), maxEntries: 5 },
    onSessionLoss: 'drop',
  }).build();
  expectTypeOf(same).toEqualTypeOf<Source<number>>();
  assert.equal(same.deduplication?.maxEntries, 5);
  const number = () => 5;
  const builder = MqttSources.builder().topic('t');
  // @ts-expect-error a key is a string or undefined
  builder.deduplicateBy(number);
});
