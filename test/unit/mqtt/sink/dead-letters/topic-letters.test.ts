import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadLetters, Engine, MqttSinks, MqttSources, Pipeline, Sinks, TestSources } from '../../../../../src/index.js';

const BROKER = 'mqtts://edge:8884';

type OnErrorOf = ReturnType<typeof MqttSinks.mqtt>['onError'];
const lettersOf = ({ onError }: { readonly onError: OnErrorOf }) => {
  assert.ok(typeof onError === 'object');
  return onError.deadLetter;
};
const source = (deadLetter: ReturnType<typeof DeadLetters.topic>, broker = BROKER) =>
  MqttSources.builder({ broker, clientId: 'in', topic: 't', onError: { deadLetter } }).build();
const sink = (deadLetter: ReturnType<typeof DeadLetters.topic>, broker = BROKER) =>
  MqttSinks.builder({ broker, clientId: 'out', topic: 't', onError: { deadLetter } }).build();

describe('dead letters to a topic', () => {
  it('go to the broker of the source or sink that they belong to, with a client id of their own', () => {
    assert.deepEqual(lettersOf(source(DeadLetters.topic({ topic: 'dead' }))).claims, [
      'MQTT client id "in-letters-0" at edge:8884',
    ]);
    assert.deepEqual(lettersOf(sink(DeadLetters.topic({ topic: 'dead' }))).claims, [
      'MQTT client id "out-letters-0" at edge:8884',
    ]);
    assert.deepEqual(lettersOf(source(DeadLetters.topic({ topic: 'dead', clientId: 'dead' }))).claims, [
      'MQTT client id "dead-0" at edge:8884',
    ]);
  });

  it('go where they say, with nothing of the source or sink', () => {
    const own = DeadLetters.topic({ broker: 'mqtt://other', clientId: 'dead', topic: 'dead' });
    assert.equal(lettersOf(source(own)), own);
    const listed = {
      connectOptionsFn: () => ({ servers: [{ host: 'other', port: 1883 }] }),
      clientId: 'd',
      topic: 'd',
    };
    assert.deepEqual(lettersOf(source(DeadLetters.topic(listed))).claims, ['MQTT client id "d-0" at other:1883']);
  });

  it('are one thing for several sources and sinks at one place, and one for each broker', () => {
    const shared = DeadLetters.topic({ topic: 'dead', clientId: 'dead' });
    const of = (name: string, broker: string) =>
      lettersOf(MqttSources.builder({ broker, clientId: name, topic: 't', onError: { deadLetter: shared } }).build());
    const twice = MqttSources.builder({ broker: BROKER, clientId: 'in', topic: 't', onError: { deadLetter: shared } });
    assert.equal(lettersOf(twice.build()), lettersOf(twice.build()));
    assert.notEqual(of('in', BROKER), of('in', 'mqtt://other'));
  });

  it('of neither an MQTT source nor an MQTT sink need a broker, and say so before anything runs', () => {
    const pipeline = Pipeline.create();
    const deadLetter = DeadLetters.topic({ topic: 'dead' });
    pipeline
      .readFrom(TestSources.items(1))
      .map((item) => item, { onError: { deadLetter } })
      .writeTo(Sinks.noop());
    assert.throws(() => Engine.embedded().newJob(pipeline), {
      code: 'INVALID_OPTIONS',
      message: /name no broker/,
    });
  });

  it('take no user of the place where they have one of their own', () => {
    const broker = 'mqtt://alice:secret@edge';
    const auth = { username: 'bob', password: 'x' };
    // two users for one connection would be refused
    lettersOf(source(DeadLetters.topic({ topic: 'dead', auth }), broker));
    lettersOf(sink(DeadLetters.topic({ topic: 'dead', connectOptionsFn: () => auth }), broker));
  });
});
