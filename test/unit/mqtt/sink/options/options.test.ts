import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryStrategies } from '../../../../../src/connector/index.js';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import type { ConnectOptions } from '../../../../../src/mqtt/connection/options/connect-options.js';
import { DeadLetters, MqttSinks } from '../../../../../src/mqtt/sink/index.js';
import type { MqttSinkOptions } from '../../../../../src/mqtt/sink/options/mqtt-sink-options.js';
import { VOLATILE_SESSION } from '../../../../../src/mqtt/sink/options/resolve-clients.js';
import { resolveSink } from '../../../../../src/mqtt/sink/options/resolve-sink.js';

const problemsOf = (options: MqttSinkOptions<never>): readonly string[] => {
  try {
    MqttSinks.builder(options).build();
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'INVALID_OPTIONS');
    const { problems } = error.details;
    assert.ok(Array.isArray(problems));
    return problems;
  }
  return [];
};

const idsOf = (options: MqttSinkOptions<never>): readonly string[] =>
  resolveSink(options)
    .clients.connections(new MetricsRegistry(), 'test', VOLATILE_SESSION)
    .map(({ clientId }) => clientId);

const connectionOf = (options: MqttSinkOptions<never>) => {
  const [connection] = resolveSink(options).clients.connections(new MetricsRegistry(), 'test', VOLATILE_SESSION);
  assert.ok(connection !== undefined);
  return connection;
};

describe('the builder of an MQTT sink', () => {
  it('takes the example of the documentation', () => {
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
    assert.equal(sink.name, 'producer');
    assert.equal(sink.claims.length, 1);
    assert.ok(Object.isFrozen(sink));
  });

  it('says the same by steps and by one object', () => {
    const byObject = resolveSink({ clientId: 'p', topic: 't', qualityOfService: 2, retain: true });
    const steps = MqttSinks.builder().clientId('p').topic('t').qualityOfService(2).retain().build();
    assert.deepEqual(steps.claims, byObject.clients.claims);
    assert.equal(steps.name, byObject.name);
  });

  it('is a value: every step gives a new builder', () => {
    const base = MqttSinks.builder().clientId('a');
    const other = base.clientId('b').topic('t');
    assert.equal(other.build().name, 'b');
    assert.equal(base.topic('t').build().name, 'a');
    assert.ok(Object.isFrozen(base));
  });

  it('has the defaults of Jet', () => {
    const sink = resolveSink({ topic: 't' });
    const connection = connectionOf({ topic: 't' });
    assert.deepEqual(connection.servers, [{ protocol: 'mqtt', host: 'localhost', port: 1883, path: '' }]);
    assert.equal(sink.qos('none'), 1);
    assert.equal(sink.retry.maxAttempts, 0);
    assert.equal(sink.onError, 'fail');
    const bounds = { maxBufferedBytes: 1 << 24, offlineOverflow: 'pause' };
    assert.deepEqual(sink.limits('none'), { maxBufferedMessages: 10_000, ...bounds });
    assert.deepEqual(sink.limits('at-least-once'), { maxBufferedMessages: 256, ...bounds });
    assert.deepEqual(sink.outboxLimits, { maxBufferedMessages: 2048, ...bounds });
    assert.equal(connection.autoReconnect, true);
    assert.equal(connection.keepSession, false);
    assert.equal(connection.startClean, true);
  });

  it('appends the index to the client id, or asks the function for the whole of it', () => {
    assert.deepEqual(idsOf({ topic: 't', clientId: 'producer' }), ['producer-0']);
    assert.deepEqual(idsOf({ topic: 't', clientId: 'producer', parallelism: 3 }), [
      'producer-0',
      'producer-1',
      'producer-2',
    ]);
    assert.deepEqual(idsOf({ topic: 't', clientId: (index) => `host-a.${index}`, parallelism: 2 }), [
      'host-a.0',
      'host-a.1',
    ]);
    assert.deepEqual(idsOf({ topic: 't', connectOptionsFn: () => ({ clientId: 'x' }) }), ['x-0']);
  });

  it('makes random client ids that differ at each opening, and claims none of them', () => {
    const sink = resolveSink({ topic: 't', parallelism: 2 });
    const open = () =>
      sink.clients.connections(new MetricsRegistry(), 'test', VOLATILE_SESSION).map(({ clientId }) => clientId);
    assert.equal(new Set([...open(), ...open()]).size, 4);
    assert.deepEqual(sink.clients.claims, []);
  });

  it('claims each client id at its broker', () => {
    const claims = MqttSinks.builder().topic('t').clientId('p').parallelism(2).broker('tcp://b:1').build().claims;
    assert.equal(claims.length, 2);
    assert.ok(claims[0]?.includes('"p-0"') && claims[0].includes('b:1'));
  });

  it('a kept session needs a client id, and says why', () => {
    const problems = problemsOf({ topic: 't', keepSession: true });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /clientId/);
    assert.equal(connectionOf({ topic: 't', clientId: 'p', keepSession: true }).keepSession, true);
    assert.equal(connectionOf({ topic: 't', clientId: 'p', keepSession: true }).startClean, true, 'R8b');
  });

  it('reports all problems at once, those of the connection too', () => {
    const problems = problemsOf({
      topic: 'a/#',
      broker: 'ftp://x',
      // @ts-expect-error on purpose
      qualityOfService: 5,
      parallelism: 0,
      maxBufferedMessages: 0,
      maxBufferedBytes: 1.5,
      // @ts-expect-error on purpose
      offlineOverflow: 'lose',
      // @ts-expect-error on purpose
      onError: 'ignore',
      // @ts-expect-error on purpose
      retryStrategy: { maxAttempts: 3 },
      connectOptionsFn: () => ({ keepalive: -1 }),
    });
    for (const word of [
      'topic',
      'ftp',
      'qualityOfService',
      'parallelism',
      'maxBufferedMessages',
      'maxBufferedBytes',
      'offlineOverflow',
      'onError',
      'retryStrategy',
      'keepalive',
    ]) {
      assert.ok(
        problems.some((problem) => problem.includes(word)),
        `${word} in ${problems.join('; ')}`,
      );
    }
  });

  it('refuses what would be ignored silently', () => {
    const options = (connect: ConnectOptions, more: MqttSinkOptions<never> = {}) =>
      problemsOf({ topic: 't', ...more, connectOptionsFn: () => connect });
    assert.equal(options({ clientId: 'x' }, { clientId: 'y' }).length, 1);
    assert.equal(options({ username: 'x' }, { auth: { username: 'y', password: 'z' } }).length > 0, true);
    assert.equal(options({ autoReconnect: true }, { autoReconnect: false }).length, 1);
    assert.equal(options({ clean: true, clientId: 'x' }, { keepSession: true }).length, 1);
    assert.deepEqual(options({ clean: false, clientId: 'x', username: undefined }), []);
  });

  it('needs a topic, or a messageFn that may name it', () => {
    assert.equal(problemsOf({}).length, 1);
    assert.deepEqual(problemsOf({ messageFn: () => ({ payload: '', topic: 't' }) }), []);
  });

  it('finds a clientId function that gives the same id twice, nothing, or throws', () => {
    const problems = (clientId: (index: number) => string) => problemsOf({ topic: 't', parallelism: 2, clientId });
    assert.match(problems(() => 'same').join(), /same id/);
    assert.match(problems(() => '').join(), /not empty/);
    assert.match(
      problems(() => {
        throw new Error('no id today');
      }).join(),
      /no id today/,
    );
  });

  it('a connectOptionsFn that throws or gives nothing is a problem like any other', () => {
    assert.match(
      problemsOf({
        topic: 't',
        connectOptionsFn: () => {
          throw new Error('no options today');
        },
      }).join(),
      /no options today/,
    );
  });

  it('asks connectOptionsFn again at each connect of each client, and refuses other brokers then (S15)', () => {
    let calls = 0;
    const sink = resolveSink({
      topic: 't',
      clientId: 'p',
      parallelism: 2,
      connectOptionsFn: () => {
        calls += 1;
        return { password: `token-${calls}`, username: 'u', servers: [{ host: calls < 4 ? 'a' : 'b', port: 1 }] };
      },
    });
    const clients = sink.clients.connections(new MetricsRegistry(), 'test', VOLATILE_SESSION);
    assert.equal(calls, 1);
    const { signal } = new AbortController();
    const passwords = clients.map((client) => Reflect.get(Object(client.renew?.().credentials(signal)), 'password'));
    assert.deepEqual(passwords, ['token-2', 'token-3']);
    assert.throws(() => clients[0]?.renew?.(), { code: 'INVALID_OPTIONS', message: /another servers than at build/ });
  });

  it('shows no secret in its problems', () => {
    const problems = problemsOf({
      topic: 't',
      broker: 'tcp://me:s3cret@host:99999',
      auth: { username: 'me', password: 's3cret' },
    });
    assert.ok(problems.length > 0);
    assert.ok(!problems.join().includes('s3cret'));
  });
});

describe('the guarantees of an MQTT sink', () => {
  it('gives exactly-once to a sink with a client id, and sends at QoS 2 unless told otherwise (R16)', () => {
    const sink = resolveSink({ clientId: 'out', topic: 't' });
    assert.equal(MqttSinks.builder({ clientId: 'out', topic: 't' }).build().refuse('exactly-once'), undefined);
    assert.deepEqual([sink.qos('exactly-once'), sink.qos('at-least-once'), sink.qos('none')], [2, 1, 1]);
    assert.equal(sink.encoder('exactly-once')('x', 5).qos, 2);
    assert.equal(sink.encoder('at-least-once')('x', 5).qos, 1);
  });

  it('keeps its session in a job with a store, for 7 days, and begins it anew in one without (R8b)', () => {
    const { clients } = resolveSink({ clientId: 'out', topic: 't' });
    const stored = { stored: true, onSessionLoss: 'fail', requireQos2: true, requireKeptSession: true } as const;
    const [kept] = clients.connections(new MetricsRegistry(), 'test', stored);
    assert.ok(kept !== undefined);
    assert.deepEqual([kept.keepSession, kept.startClean, kept.sessionExpiryInterval], [true, false, 604_800]);
    assert.deepEqual([kept.onSessionLoss, kept.requireQos2, kept.requireKeptSession], ['fail', true, true]);
  });

  it('names the ways out when exactly-once cannot be given', () => {
    const cases: readonly [MqttSinkOptions<never>, RegExp, RegExp][] = [
      [{ topic: 't' }, /needs a client id/, /clientId\(\).*at-least-once/],
      [{ clientId: 'a', topic: 't', qualityOfService: 1 }, /needs QoS 2, not qualityOfService 1/, /allowLowerQos/],
      [{ clientId: 'a', topic: 't', keepSession: false }, /keepSession is false/, /session be kept/],
      [
        { clientId: 'a', topic: 't', connectOptionsFn: () => ({ clean: true }) },
        /contradicts clean/,
        /session be kept/,
      ],
      [{ clientId: 'a', topic: 't', offlineOverflow: 'drop-newest' }, /offlineOverflow/, /pause/],
    ];
    for (const [options, message, advice] of cases) {
      const refusal = MqttSinks.builder(options).build().refuse('exactly-once');
      assert.equal(refusal?.code, 'GUARANTEE_UNSUPPORTED');
      assert.match(refusal.message, message);
      assert.match(refusal.advice ?? '', advice);
    }
    const allowed = MqttSinks.builder({ clientId: 'a', topic: 't', qualityOfService: 1, allowLowerQos: true }).build();
    assert.equal(allowed.refuse('exactly-once'), undefined);
  });

  it('has no exactly-once without a store', async () => {
    const context = { job: 'j', guarantee: 'exactly-once', metrics: new MetricsRegistry() } as const;
    const sink = MqttSinks.builder({ clientId: 'a', topic: 't' }).build();
    const { signal } = new AbortController();
    await assert.rejects(sink.createWriter({ ...context, signal }), {
      code: 'GUARANTEE_UNSUPPORTED',
      message: /store/,
    });
  });

  it('admits dead-letter files to exactly-once jobs', () => {
    assert.equal(DeadLetters.file('x').refuse('exactly-once'), undefined);
  });

  it('takes a policy for lost sessions, by default the strictest one under exactly-once (R17)', () => {
    const sink = resolveSink({ clientId: 'out', topic: 't' });
    assert.deepEqual([sink.onSessionLoss('exactly-once'), sink.onSessionLoss('at-least-once')], ['fail', 'redeliver']);
    const other = resolveSink({ clientId: 'out', topic: 't', onSessionLoss: 'drop', onUnknownSession: 'discard' });
    assert.deepEqual([other.onSessionLoss('exactly-once'), other.onUnknownSession], ['drop', 'discard']);
  });

  it('refuses at-least-once at QoS 0, where nothing is confirmed (R16)', () => {
    const sink = MqttSinks.builder().topic('t').qualityOfService(0).build();
    assert.equal(sink.refuse('at-least-once')?.code, 'GUARANTEE_UNSUPPORTED');
    assert.equal(sink.refuse('none'), undefined);
  });

  it('refuses at-least-once with a policy that drops', () => {
    const sink = MqttSinks.builder().topic('t').offlineOverflow('drop-oldest').build();
    assert.equal(sink.refuse('at-least-once')?.code, 'GUARANTEE_UNSUPPORTED');
    assert.equal(sink.refuse('none'), undefined);
  });

  it('gives at-least-once at QoS 1 and 2', () => {
    assert.equal(MqttSinks.mqtt('t').refuse('at-least-once'), undefined);
  });
});
