import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MqttSinks, type Source, Subscription } from '../../../../../src/index.js';
import { mqttSource } from '../../../../../src/mqtt/source/mqtt-source.js';
import { resolveSource } from '../../../../../src/mqtt/source/options/resolve-source.js';
import type { Spread } from '../../../../../src/mqtt/source/options/spread.js';

const SETTINGS = { clientId: 'line/1', broker: 'mqtt://localhost', keepSession: true } as const;

const inPartition = (spread: Spread, index: number) =>
  resolveSource({
    ...SETTINGS,
    spread,
    subscriptions: [Subscription.of('a/#', 1), Subscription.of('b/+', 2)],
  }).inPartition({ index, count: 3 });

const filtersOf = (spread: Spread, index: number): readonly string[] =>
  inPartition(spread, index).subscriptions.map(({ filter, qos }) => `${filter} ${qos}`);

describe('spread', () => {
  it('gives each partition a session of its own, in a group that only this source has', () => {
    assert.deepEqual(filtersOf('shared', 2), ['$share/millrace-line%2F1/a/# 1', '$share/millrace-line%2F1/b/+ 2']);
    assert.deepEqual(
      [0, 1].map((index) => inPartition('shared', index).name),
      ['line/1-0', 'line/1-1'],
    );
    const claims = [0, 1, 2].flatMap((index) => inPartition('shared', index).claims);
    assert.equal(new Set(claims).size, 3);
  });

  it('asks a function for the subscriptions of each partition', () => {
    const byLevel: Spread = (index, count) => [Subscription.of(`line/${index}/of/${count}/#`, 2)];
    assert.deepEqual(filtersOf(byLevel, 1), ['line/1/of/3/# 2']);
  });

  it('gives the first partition all', () => {
    assert.deepEqual(filtersOf('first', 0), ['a/# 1', 'b/+ 2']);
  });

  it('changes nothing in a job of one partition', () => {
    const source = resolveSource({ ...SETTINGS, spread: 'shared', topic: 'a/#' });
    assert.equal(source.name, 'line/1');
    assert.deepEqual(
      source.subscriptions.map(({ filter }) => filter),
      ['a/#'],
    );
  });

  const build = (spread: unknown, more: object = {}): Source<Uint8Array> =>
    mqttSource(resolveSource({ ...SETTINGS, topic: 'a/#', spread, ...more } as never));

  it('tells an engine whether each partition opens it, the first one, or whether that was not said', () => {
    assert.deepEqual(
      ['shared', () => [], 'first', undefined].map((spread) => build(spread).spread),
      ['each', 'each', 'first', 'unsaid'],
    );
  });

  const refused = {
    'a word that is none': { spread: 'share' },
    'shared without a client id': { spread: 'shared', clientId: undefined, keepSession: undefined },
    'shared of a filter that is shared already': { spread: 'shared', topic: '$share/x/a' },
    'shared with noLocal': {
      spread: 'shared',
      topic: undefined,
      subscriptions: [Subscription.of('a', 1, { noLocal: true })],
    },
    'shared with deduplicateBy, which sees its own partition only': {
      spread: 'shared',
      deduplicateBy: { keyFn: () => 'x' },
    },
  };
  for (const [title, more] of Object.entries(refused)) {
    it(`is INVALID_OPTIONS: ${title}`, () => {
      assert.throws(() => build(more.spread, more), { code: 'INVALID_OPTIONS', message: /spread/ });
    });
  }
});

describe('the clients of a sink', () => {
  it('are counted over all partitions', () => {
    const sink = MqttSinks.builder<string>()
      .clientId('out')
      .broker('mqtt://localhost')
      .topic('a')
      .parallelism(2)
      .build();
    const claims = [0, 1].flatMap((index) => sink.claimsOf?.({ index, count: 2 }) ?? []);
    assert.deepEqual(
      claims.map((claim) => /out-\d/.exec(claim)?.[0]),
      ['out-0', 'out-1', 'out-2', 'out-3'],
    );
    assert.deepEqual(sink.claimsOf?.({ index: 0, count: 1 }), sink.claims);
  });
});
