import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StandardSchema } from '../../../../../src/connector/schema/standard-schema.js';
import { MillraceError } from '../../../../../src/errors/index.js';
import { MetricsRegistry } from '../../../../../src/metrics/index.js';
import type { ConnectOptions } from '../../../../../src/mqtt/connection/options/connect-options.js';
import { copyPayload } from '../../../../../src/mqtt/source/items/map-to-item.js';
import { MqttSources } from '../../../../../src/mqtt/source/mqtt-sources.js';
import type { SourceSettings } from '../../../../../src/mqtt/source/options/mqtt-source-options.js';
import { resolveSource } from '../../../../../src/mqtt/source/options/resolve-source.js';
import { Subscription } from '../../../../../src/mqtt/source/options/subscription.js';

const problemsOf = (build: () => unknown): readonly string[] => {
  try {
    build();
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'INVALID_OPTIONS');
    assert.ok(Array.isArray(error.details.problems));
    return error.details.problems;
  }
  return [];
};

const ANYTHING: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
};

const settings = (changes: Partial<SourceSettings<Uint8Array>>): SourceSettings<Uint8Array> => ({
  topic: 't',
  mapToItemFn: copyPayload,
  ...changes,
});
const resolve = (changes: Partial<SourceSettings<Uint8Array>>) => resolveSource(settings(changes));
const opening = { guarantee: 'none', metrics: new MetricsRegistry() } as const;

describe('source builder', () => {
  it('is a value: a step leaves the builder as it was', () => {
    const base = MqttSources.builder().topic('t').clientId('c');
    const kept = base.keepSession();
    assert.equal(base.build().defaultGuarantee, 'none');
    assert.equal(kept.build().defaultGuarantee, 'at-least-once');
    assert.ok(Object.isFrozen(base));
  });

  it('fills in what a subscription from JavaScript, or one that a spread gives, does not say', () => {
    const plain = { filter: 'a', qos: 2 } as Subscription;
    const wanted = (subscription: Subscription) => {
      const given = { topic: undefined, subscriptions: [subscription] };
      const spread = () => [subscription];
      const inPartition = resolve({ ...given, clientId: 'c', spread }).inPartition({ index: 1, count: 2 });
      return [resolve(given).subscriptions, inPartition.subscriptions];
    };
    assert.deepEqual(wanted(plain), wanted(Subscription.of('a', 2)));
    assert.equal(wanted(plain)[1]?.[0]?.noLocal, false);
  });

  it('refuses topic and subscriptions a second time: what the first named would be read no more', () => {
    const twice = /given already/;
    const { of } = Subscription;
    assert.throws(() => MqttSources.builder().topic('a').topic('b'), { code: 'INVALID_OPTIONS', message: twice });
    assert.throws(() => MqttSources.builder({ topic: 'a' }).topic('b'), { code: 'INVALID_OPTIONS', message: twice });
    assert.throws(() => MqttSources.builder().subscriptions(of('a')).subscriptions(of('b')), {
      code: 'INVALID_OPTIONS',
      message: twice,
    });
    MqttSources.builder().qualityOfService(2).topic('a').build();
  });

  it('takes filters to unsubscribe, also without one to read, and none that is read or no filter', () => {
    const source = MqttSources.builder().clientId('c').keepSession().unsubscribe('old/#');
    assert.equal(source.subscriptions().build().refuse('exactly-once'), undefined);
    source.topic('new/#').build();
    for (const [filter, message] of [
      ['new/#', /"new\/#" is read/],
      ['a/#/b', /to unsubscribe is not valid/],
    ] as const)
      assert.throws(() => source.unsubscribe(filter).topic('new/#').build(), { code: 'INVALID_OPTIONS', message });
  });

  it('has the defaults of Jet', () => {
    const source = resolve({});
    const options = source.connectionOptions(opening);
    assert.deepEqual(
      options.servers.map(({ host, port }) => [host, port]),
      [['localhost', 1883]],
    );
    assert.deepEqual(
      source.subscriptions.map(({ filter, qos }) => [filter, qos]),
      [['t', 1]],
    );
    assert.match(options.clientId, /^millrace/);
    assert.deepEqual(source.claims, []);
    assert.equal(options.version, undefined);
    assert.equal(options.startClean, true);
    assert.equal(options.autoReconnect, true);
    assert.equal(options.receiveMaximum, 1000);
    assert.deepEqual(source.limits, {
      maxQos0Messages: 10_000,
      maxReliableMessages: 1000,
      maxBytes: 16 * 1024 * 1024,
      qos0Overflow: 'drop-oldest',
    });
  });

  it('buffers no more of QoS 1 and 2 than the Receive Maximum lets a broker send, but at least a thousand', () => {
    const bound = (receiveMaximum: number, maxBufferedMessages?: number) =>
      resolve({ maxBufferedMessages, connectOptionsFn: () => ({ properties: { receiveMaximum } }) }).limits
        .maxReliableMessages;
    assert.deepEqual([bound(20), bound(5000), bound(65_535), bound(5000, 10)], [1000, 5000, 10_000, 10]);
  });

  it('claims its client id at its broker, and another random id at each opening when it has none', () => {
    assert.deepEqual(resolve({ clientId: 'c', broker: 'tcp://H:1' }).claims, ['MQTT client id "c" at h:1']);
    const source = resolve({});
    assert.notEqual(source.connectionOptions(opening).clientId, source.connectionOptions(opening).clientId);
  });

  it('reports all problems at once', () => {
    const problems = problemsOf(() =>
      MqttSources.builder()
        .broker('nonsense')
        .keepSession()
        .subscriptions(Subscription.of('a/#/b'), Subscription.of('$share/g/c', 1, { noLocal: true }))
        .connectOptionsFn(() => ({ keepalive: -1 }))
        .maxBufferedMessages(0)
        .maxBufferedBytes(1.5)
        .build(),
    );
    for (const expected of [
      /broker/,
      /clientId/,
      /"a\/#\/b"/,
      /MQTT-3.8.3-4/,
      /keepalive/,
      /maxBufferedMessages/,
      /maxBufferedBytes/,
    ]) {
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        `${expected} in ${problems.join('; ')}`,
      );
    }
  });

  it('says why a kept session needs a client id', () => {
    assert.match(
      problemsOf(() => MqttSources.builder().topic('t').keepSession().build()).join(),
      /clientId.*finds the session/,
    );
  });

  it('has nothing to read without a filter', () => {
    assert.match(problemsOf(() => MqttSources.builder().build()).join(), /nothing to read/);
    assert.match(problemsOf(() => MqttSources.builder().subscriptions().build()).join(), /nothing to read/);
    // JavaScript may give filters alone
    const filters: readonly never[] = ['a', 'b'] as never;
    assert.match(
      problemsOf(() =>
        MqttSources.builder()
          .subscriptions(...filters)
          .build(),
      ).join(),
      /Subscription\.of/,
    );
  });

  it('refuses steps and connect options that contradict each other, and shows no secret', () => {
    const build = (connect: ConnectOptions) => () =>
      MqttSources.builder()
        .topic('t')
        .clientId('c')
        .auth('u', 'hush')
        .keepSession()
        .connectOptionsFn(() => connect)
        .build();
    assert.deepEqual(problemsOf(build({ clientId: 'c', clean: false, username: 'u', password: 'hush' })), []);
    assert.match(problemsOf(build({ clean: true })).join(), /keepSession contradicts clean/);
    assert.match(problemsOf(build({ clientId: 'd' })).join(), /clientId is given twice/);
    const twice = problemsOf(build({ password: 'psst' })).join();
    assert.match(twice, /password is given more than once/);
    assert.doesNotMatch(twice, /hush|psst/);
  });

  it('reports a connectOptionsFn that throws or gives nothing', () => {
    const fails = () => {
      throw new Error('no vault');
    };
    assert.match(problemsOf(() => resolve({ connectOptionsFn: fails })).join(), /connectOptionsFn threw: no vault/);
  });
});

describe('source builder: connectOptionsFn', () => {
  it('is asked at build() and again at each connect (S15)', () => {
    let asked = 0;
    const source = resolve({ connectOptionsFn: () => ({ username: `u${++asked}`, password: 'p' }) });
    assert.equal(asked, 1);
    const { signal } = new AbortController();
    const options = source.connectionOptions(opening);
    assert.equal(asked, 1);
    assert.deepEqual(options.renew?.().credentials(signal), { username: 'u2', password: 'p' });
    assert.deepEqual(options.renew?.().credentials(signal), { username: 'u3', password: 'p' });
    assert.equal(resolve({}).connectionOptions(opening).renew, undefined);
  });

  it('may not name another session later: the guarantee was checked for the first', () => {
    for (const later of [{ clean: true }, { clientId: 'other' }, { protocolVersion: 4 }, { keepalive: 1 }] as const) {
      let first = true;
      const source = resolve({
        connectOptionsFn: () => {
          const options: ConnectOptions = { clientId: 'c', clean: false, ...(first ? {} : later) };
          first = false;
          return options;
        },
      });
      const [name] = Object.keys(later);
      const problems = problemsOf(() => source.connectionOptions(opening).renew?.()).join();
      assert.match(problems, new RegExp(`connectOptionsFn gives another ${name} than at build\\(\\)`));
    }
  });

  it('that throws at a connect is retried, and shows nothing of what it threw', () => {
    let asked = 0;
    const source = resolve({
      connectOptionsFn: () => {
        asked += 1;
        if (asked > 1) throw new RangeError('token hunter2 expired');
        return {};
      },
    });
    const { renew } = source.connectionOptions(opening);
    assert.throws(
      () => renew?.(),
      (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'USER_FUNCTION_FAILED');
        assert.equal(Reflect.get(error, 'retryable'), true);
        assert.doesNotMatch(JSON.stringify(error), /hunter2/);
        return true;
      },
    );
  });
});

describe('source builder: filters', () => {
  const overlapping = [Subscription.of('a/#'), Subscription.of('a/+', 2)];
  const connect = (protocolVersion: 5 | 4 | 3 | undefined) => () => ({ protocolVersion });

  it('refuses overlapping filters on 3.x', () => {
    for (const version of [3, 4] as const) {
      const build = () => resolve({ topic: undefined, subscriptions: overlapping, connectOptionsFn: connect(version) });
      assert.match(problemsOf(build).join(), /"a\/#" and "a\/\+" overlap, which needs MQTT 5.0/);
    }
  });

  it('gives overlapping filters an identifier each on 5.0, and then falls back to no older version', () => {
    for (const version of [5, undefined] as const) {
      const source = resolve({ topic: undefined, subscriptions: overlapping, connectOptionsFn: connect(version) });
      assert.deepEqual(
        source.subscriptions.map(({ subscriptionIdentifier }) => subscriptionIdentifier),
        [1, 2],
      );
      assert.equal(source.connectionOptions(opening).version, 5);
    }
  });

  it('G10: exactly-once refuses filters of one source that overlap, also shared ones, with the ways out', () => {
    const refusalOf = (...filters: readonly string[]) =>
      MqttSources.builder({
        clientId: 'c',
        keepSession: true,
        subscriptions: filters.map((filter) => Subscription.of(filter, 2)),
        mapToItemFn: (topic) => topic,
      });
    for (const [one, other] of [
      ['in/+/t', 'in/x/#'],
      ['a/#', 'a'],
      ['#', 'a/b'],
      ['$share/g/a/#', 'a/b'],
      ['$share/g/a/+', '$share/h/a/b'],
    ] as const) {
      const source = refusalOf('$SYS/elsewhere', one, other).build();
      const refusal = source.refuse('exactly-once');
      assert.equal(refusal?.code, 'OVERLAPPING_FILTERS');
      assert.ok(refusal.message.includes(`"${one}" and "${other}"`), refusal.message);
      assert.match(refusal.advice ?? '', /covers both.*deduplicateBy\(fn\).*'at-least-once'/);
      assert.deepEqual(refusal.details.filters, [one, other]);
      assert.equal(source.refuse('at-least-once'), undefined);
    }
    assert.equal(refusalOf('a/b', 'a/+/c', '$SYS/#', '+/x/y/z').build().refuse('exactly-once'), undefined);
  });

  it('G10: where deduplicateBy tells copies, filters may overlap under exactly-once', () => {
    const source = MqttSources.builder({ clientId: 'c', keepSession: true, subscriptions: overlapping })
      .mapToItemFn((topic) => topic)
      .deduplicateBy(() => 'k')
      .build();
    assert.equal(source.refuse('exactly-once'), undefined);
  });

  it('sends no identifiers when there is no overlap: they cost bytes in every message', () => {
    const source = resolve({ topic: undefined, subscriptions: [Subscription.of('a'), Subscription.of('b')] });
    assert.deepEqual(
      source.subscriptions.map(({ subscriptionIdentifier }) => subscriptionIdentifier),
      [undefined, undefined],
    );
  });

  it('refuses the same filter twice on every version', () => {
    const twice = [Subscription.of('a'), Subscription.of('a', 2)];
    assert.match(problemsOf(() => resolve({ topic: undefined, subscriptions: twice })).join(), /given twice/);
  });

  it('subscription options need 5.0: refused below, no fallback otherwise', () => {
    for (const options of [{ noLocal: true }, { retainAsPublished: true }, { retainHandling: 2 }] as const) {
      const subscriptions = [Subscription.of('a', 1, options)];
      assert.match(
        problemsOf(() => resolve({ topic: undefined, subscriptions, connectOptionsFn: connect(4) })).join(),
        /needs MQTT 5.0/,
      );
      assert.equal(resolve({ topic: undefined, subscriptions }).connectionOptions(opening).version, 5);
    }
  });

  it('retainAsPublished where it is supported asks for it and lets older versions be tried', () => {
    const subscriptions = [Subscription.of('a', 1, { retainAsPublished: 'if-supported' })];
    const options = resolve({ topic: undefined, subscriptions }).connectionOptions(opening);
    assert.deepEqual([options.version, options.subscriptions[0]?.retainAsPublished], [undefined, true]);
    assert.equal(
      resolve({ topic: undefined, subscriptions, connectOptionsFn: connect(4) }).connectionOptions(opening).version,
      4,
    );
  });

  it('asks for retained messages only where the session is new, unless told otherwise (R5a)', () => {
    const handlings = ([undefined, 0, 1, 2] as const).map((retainHandling) =>
      resolve({ topic: undefined, subscriptions: [Subscription.of('a', 1, { retainHandling })] })
        .connectionOptions(opening)
        .subscriptions.map((subscription) => subscription.retainHandling),
    );
    assert.deepEqual(handlings, [[1], [0], [1], [2]]);
    const on3 = resolve({ topic: 'a', connectOptionsFn: connect(4) }).connectionOptions(opening);
    assert.equal(on3.version, 4);
  });
});

describe('source guarantee', () => {
  const build = (keepSession: boolean, ...subscriptions: Subscription[]) =>
    MqttSources.builder({ clientId: 'c', keepSession, subscriptions }).build();

  it('is at-least-once by default when the session is kept and something is redelivered, else none', () => {
    assert.equal(build(true, Subscription.of('a')).defaultGuarantee, 'at-least-once');
    assert.equal(build(true, Subscription.of('a', 0), Subscription.of('b')).defaultGuarantee, 'at-least-once');
    assert.equal(build(true, Subscription.of('a', 0)).defaultGuarantee, 'none');
    assert.equal(build(false, Subscription.of('a')).defaultGuarantee, 'none');
  });

  it('refuses what it cannot give, with the ways out', () => {
    const notKept = build(false, Subscription.of('a')).refuse('at-least-once');
    assert.equal(notKept?.code, 'GUARANTEE_UNSUPPORTED');
    assert.match(notKept?.advice ?? '', /keepSession\(\).*'none'/);
    assert.match(build(true, Subscription.of('a', 0)).refuse('at-least-once')?.advice ?? '', /QoS 1 or 2/);
    assert.equal(build(true, Subscription.of('a')).refuse('at-least-once'), undefined);
    assert.equal(build(false, Subscription.of('a', 0)).refuse('none'), undefined);
  });

  it('exactly-once needs a kept session and QoS 2 on every subscription, or deduplicateBy and QoS 1', () => {
    const once = (source: { refuse: (guarantee: 'exactly-once') => MillraceError | undefined }) => {
      const refusal = source.refuse('exactly-once');
      return refusal && [refusal.code, refusal.message, refusal.advice].join(' | ');
    };
    const keyed = (...subscriptions: Subscription[]) =>
      MqttSources.builder({ clientId: 'c', keepSession: true, subscriptions })
        .deduplicateBy(() => 'k')
        .build();
    assert.equal(once(build(true, Subscription.of('a', 2), Subscription.of('b', 2))), undefined);
    assert.equal(once(keyed(Subscription.of('a', 1), Subscription.of('b', 2))), undefined);
    assert.match(once(build(false, Subscription.of('a', 2))) ?? '', /GUARANTEE_UNSUPPORTED.*keepSession\(\)/);
    const low = once(build(true, Subscription.of('a', 2), Subscription.of('b', 1))) ?? '';
    assert.match(low, /GUARANTEE_UNSUPPORTED.*"b" has QoS 1.*QoS 2.*deduplicateBy\(fn\).*'at-least-once'/);
    assert.match(once(keyed(Subscription.of('a', 0))) ?? '', /GUARANTEE_UNSUPPORTED.*"a" has QoS 0.*'at-least-once'/);
  });

  it('deduplicateBy is refused where nothing is stored, never without effect', async () => {
    const keyed = MqttSources.builder({ clientId: 'c', keepSession: true, topic: 'a' })
      .deduplicateBy(() => 'k')
      .build();
    assert.match(keyed.refuse('none')?.advice ?? '', /'at-least-once' or 'exactly-once'/);
    const context = { job: 'j', metrics: new MetricsRegistry(), signal: new AbortController().signal };
    await assert.rejects(keyed.createReader({ ...context, guarantee: 'at-least-once' }), (error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'GUARANTEE_UNSUPPORTED');
      assert.match(error.advice ?? '', /Engine\.embedded\(\{ dir \}\)/);
      return true;
    });
    const once = build(true, Subscription.of('a', 2)).createReader({ ...context, guarantee: 'exactly-once' });
    await assert.rejects(once, { code: 'GUARANTEE_UNSUPPORTED' });
  });

  it('a schema stands behind mapToItemFn, once, and must be one', () => {
    const base = MqttSources.builder().topic('a');
    const set = base.mapToItemFn((topic) => topic).schema(ANYTHING);
    set.build();
    assert.throws(() => set.mapToItemFn(() => 1), { code: 'INVALID_OPTIONS', message: /schema sees what mapToItemFn/ });
    assert.throws(() => set.schema(ANYTHING), { code: 'INVALID_OPTIONS', message: /given already/ });
    for (const wrong of [5, {}, () => 1, { '~standard': { version: 2, validate: () => 1 } }]) {
      const problems = problemsOf(() => base.schema(wrong as never).build());
      assert.match(problems.join(), /^schema must be a schema of zod/);
    }
  });

  it('deduplicateBy has defaults, and belongs after mapToItemFn', () => {
    const base = MqttSources.builder().topic('a');
    assert.equal(base.build().deduplication, undefined);
    assert.deepEqual(base.deduplicateBy(() => 'k').build().deduplication, { ttlMs: 86_400_000, maxEntries: 1_000_000 });
    const set = base.deduplicateBy(() => 'k', { ttlMs: 1000, maxEntries: 5 });
    assert.deepEqual(set.build().deduplication, { ttlMs: 1000, maxEntries: 5 });
    assert.throws(() => set.mapToItemFn(() => 1), /give mapToItemFn and schema before it/);
    assert.throws(() => set.schema(ANYTHING), /give mapToItemFn and schema before it/);
    assert.deepEqual(
      problemsOf(() => base.deduplicateBy(() => 'k', { ttlMs: 0, maxEntries: 1.5 }).build()).map((text) =>
        text.slice(0, 30),
      ),
      ['deduplicateBy.ttlMs must be a ', 'deduplicateBy.maxEntries must '],
    );
  });

  it('a lost session fails an exactly-once job, and an at-least-once job goes on, unless told otherwise (R17)', () => {
    const policy = (
      changes: Partial<SourceSettings<Uint8Array>>,
      guarantee: 'none' | 'at-least-once' | 'exactly-once',
    ) => resolve(changes).connectionOptions({ ...opening, guarantee }).onSessionLoss;
    assert.equal(policy({}, 'exactly-once'), 'fail');
    assert.equal(policy({}, 'at-least-once'), 'redeliver');
    assert.equal(policy({}, 'none'), 'drop');
    assert.equal(policy({ onSessionLoss: 'drop' }, 'exactly-once'), 'drop');
    assert.equal(policy({ onSessionLoss: 'fail' }, 'at-least-once'), 'fail');
  });

  it('a granted QoS below 2 is refused under exactly-once, unless copies are told', () => {
    const refuses = (changes: Partial<SourceSettings<Uint8Array>>) =>
      resolve({ qualityOfService: 2, ...changes }).connectionOptions({ ...opening, guarantee: 'exactly-once' });
    assert.equal(refuses({}).refuseLowerQos, true);
    assert.equal(refuses({}).requireQos2, true);
    assert.equal(refuses({ deduplicateBy: { keyFn: () => 'k' } }).refuseLowerQos, false);
    assert.equal(refuses({ deduplicateBy: { keyFn: () => 'k' } }).requireQos2, false);
  });

  it('a broker that keeps no session is refused under exactly-once, also where copies are told', () => {
    const refuses = (changes: Partial<SourceSettings<Uint8Array>>, guarantee: 'at-least-once' | 'exactly-once') =>
      resolve({ qualityOfService: 1, ...changes }).connectionOptions({ ...opening, guarantee }).requireKeptSession;
    assert.equal(refuses({ qualityOfService: 2 }, 'exactly-once'), true);
    assert.equal(refuses({ deduplicateBy: { keyFn: () => 'k' } }, 'exactly-once'), true);
    assert.equal(refuses({}, 'at-least-once'), false);
  });

  it('names a policy that does not exist', () => {
    const wrong = { onSessionLoss: 'retry', onUnknownSession: 'yes', onLowerQos: 'drop' } as never;
    assert.equal(problemsOf(() => resolve(wrong)).length, 3);
  });

  it('is refused before anything is opened', async () => {
    const source = MqttSources.builder().broker('tcp://127.0.0.1:1').topic('a').build();
    const { signal } = new AbortController();
    const reader = source.createReader({
      job: 'j',
      guarantee: 'at-least-once',
      metrics: new MetricsRegistry(),
      signal,
    });
    await assert.rejects(reader, { code: 'GUARANTEE_UNSUPPORTED' });
  });
});
