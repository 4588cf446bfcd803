import { describe, it } from 'node:test';
import { expectTypeOf } from 'expect-type';
import {
  type DeadLetter,
  DeadLetters,
  IntervalFunctions,
  MqttSinks,
  RetryStrategies,
  type RetryStrategy,
  type Sink,
} from '../../src/index.js';

describe('types of MqttSinks', () => {
  it('the example of the documentation builds a sink of what messageFn takes', () => {
    const sink = MqttSinks.builder()
      .clientId('producer')
      .broker('tcp://localhost:1883')
      .auth('username', 'password')
      .topic('topic')
      .autoReconnect()
      .keepSession()
      .retryStrategy(RetryStrategies.indefinitely(1000))
      .messageFn((item: string) => ({ payload: item, qos: 2 }))
      .build();
    expectTypeOf(sink).toEqualTypeOf<Sink<string>>();
  });

  it('without messageFn a sink takes anything', () => {
    expectTypeOf(MqttSinks.mqtt('topic')).toExtend<Sink<unknown>>();
    const numbers: Sink<number> = MqttSinks.mqtt('topic');
    const strings: Sink<string> = MqttSinks.mqtt('tcp://localhost:1883', 'topic');
    expectTypeOf(numbers).toEqualTypeOf<Sink<number>>();
    expectTypeOf(strings).toEqualTypeOf<Sink<string>>();
    expectTypeOf(MqttSinks.builder().topic('t').build()).toEqualTypeOf<Sink<unknown>>();
  });

  it('mqtt with a messageFn takes what the function takes', () => {
    const sink = MqttSinks.mqtt('tcp://localhost:1883', 't', (item: { id: number }) => ({ payload: `${item.id}` }));
    expectTypeOf(sink).toEqualTypeOf<Sink<{ id: number }>>();
    // @ts-expect-error a sink of objects with an id takes no strings
    const wrong: Sink<string> = sink;
    void wrong;
  });

  it('the options object is the builder in one', () => {
    const builder = MqttSinks.builder({
      broker: 'tcp://localhost:1883',
      clientId: (index) => `producer-${index}`,
      topic: 't',
      qualityOfService: 2,
      parallelism: 2,
      retryStrategy: RetryStrategies.custom()
        .maxAttempts(5)
        .intervalFunction((attempt) => attempt * 100)
        .build(),
      messageFn: (item: number) => ({ payload: String(item), properties: { userProperties: { a: ['1', '2'] } } }),
      onError: { deadLetter: DeadLetters.file('/tmp/letters.jsonl') },
      maxBufferedMessages: undefined,
    });
    expectTypeOf(builder.build).returns.toEqualTypeOf<Sink<number>>();
  });

  it('a message needs a payload of text or bytes and a QoS that there is', () => {
    const base = MqttSinks.builder().topic('t');
    // @ts-expect-error a number is no payload
    base.messageFn((item: number) => ({ payload: item }));
    // @ts-expect-error there is no QoS 3
    base.messageFn((item: string) => ({ payload: item, qos: 3 }));
    // @ts-expect-error an async function gives no message
    base.messageFn(async (item: string) => ({ payload: item }));
    // @ts-expect-error there is no QoS 3
    base.qualityOfService(3);
  });

  it('strategies and dead letters have the types that the steps take', () => {
    expectTypeOf(RetryStrategies.never()).toEqualTypeOf<RetryStrategy>();
    expectTypeOf(IntervalFunctions.exponentialBackoff(1, 2)).toBeCallableWith(1);
    expectTypeOf(DeadLetters.topic).returns.toEqualTypeOf<Sink<DeadLetter>>();
    // @ts-expect-error a dead-letter topic needs a topic
    const build = () => DeadLetters.topic({ broker: 'tcp://localhost:1883' });
    void build;
  });
});
