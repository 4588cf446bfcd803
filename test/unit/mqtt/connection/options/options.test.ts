import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import type { ConnectOptions } from '../../../../../src/mqtt/connection/options/connect-options.js';
import type { MqttConnectionOptions } from '../../../../../src/mqtt/connection/options/mqtt-connection-options.js';
import {
  type ConnectInput,
  resolveConnectOptions,
} from '../../../../../src/mqtt/connection/options/resolve-connect-options.js';
import { parseServerUrl } from '../../../../../src/mqtt/connection/options/servers/parse-server-url.js';
import { fc } from '../../../../support/fast-check.js';

function resolve(broker: string | undefined, options: ConnectOptions = {}, input: Partial<ConnectInput> = {}) {
  return resolveConnectOptions({
    name: 'test',
    broker,
    options,
    keepSession: undefined,
    startClean: true,
    subscriptions: [],
    refuseLowerQos: false,
    onSessionLoss: 'redeliver',
    metrics: new MetricsRegistry(),
    labels: {},
    ...input,
  });
}

function resolved(broker: string | undefined, options: ConnectOptions = {}): MqttConnectionOptions {
  const result = resolve(broker, options);
  assert.ok(result.options, result.problems.join('; '));
  return result.options;
}

function problems(broker: string | undefined, options: ConnectOptions = {}, input: Partial<ConnectInput> = {}): string {
  return resolve(broker, options, input).problems.join('\n');
}

const signal = new AbortController().signal;

describe('broker URL', () => {
  const addresses: readonly [string, string, string, number, string][] = [
    ['tcp://localhost:1883', 'mqtt', 'localhost', 1883, ''],
    ['mqtt://broker', 'mqtt', 'broker', 1883, ''],
    ['MQTT://broker/', 'mqtt', 'broker', 1883, ''],
    ['mqtts://broker', 'mqtts', 'broker', 8883, ''],
    ['ssl://broker:1', 'mqtts', 'broker', 1, ''],
    ['tls://broker', 'mqtts', 'broker', 8883, ''],
    ['ws://broker', 'ws', 'broker', 80, '/mqtt'],
    ['ws://broker/', 'ws', 'broker', 80, '/mqtt'],
    ['wss://broker/a/b?x=1', 'wss', 'broker', 443, '/a/b?x=1'],
    ['tcp://[::1]:1884', 'mqtt', '::1', 1884, ''],
    ['tcp://127.0.0.1', 'mqtt', '127.0.0.1', 1883, ''],
  ];
  for (const [url, protocol, host, port, path] of addresses) {
    it(`reads ${url}`, () => {
      assert.deepEqual(resolved(url).servers, [{ protocol, host, port, path }]);
    });
  }

  it('is tcp://localhost:1883 when none is given', () => {
    assert.deepEqual(resolved(undefined).servers, [{ protocol: 'mqtt', host: 'localhost', port: 1883, path: '' }]);
  });

  it('gives user and password, percent-decoded', () => {
    const { credentials } = resolved('tcp://us%40er:p%2Fa%3Ass@broker');
    assert.deepEqual(credentials(signal), { username: 'us@er', password: 'p/a:ss' });
  });

  it('never repeats what may be a password', () => {
    const bad = [
      'tcp://user:hunter2',
      'tcp://user:hunter2@',
      'tcp://user:hunter2@host:port',
      'tcp://user:12/hunter2@host',
      'tcp://user:hun#ter2@host',
      'tcp://user:hunter2%@host',
      'ftp://user:hunter2@host',
      'user:hunter2@host',
      'tcp://user:hunter2@host:0',
      'tcp://user:hunter2@host:99999',
      'tcp://user:hunter2@host/path',
      'tcp://user:hunter2@host?q',
    ];
    for (const url of bad) {
      const text = problems(url);
      assert.notEqual(text, '', url);
      assert.doesNotMatch(text, /hun|ter2/, url);
    }
  });

  it('is read or refused, never an exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `tcp://${rest}`),
          fc.webUrl(),
        ),
        (text) => {
          assert.ok(parseServerUrl(text));
        },
      ),
    );
  });
});

describe('connect options', () => {
  it('have the documented defaults', () => {
    const { clientId, credentials, metrics, labels, ...rest } = resolved(undefined);
    assert.match(clientId, /^millrace[0-9a-f]{15}$/);
    assert.deepEqual(credentials(signal), { username: undefined, password: undefined });
    assert.ok(metrics);
    assert.deepEqual(labels, {});
    assert.deepEqual(rest, {
      name: 'test',
      servers: [{ protocol: 'mqtt', host: 'localhost', port: 1883, path: '' }],
      serversShareSessions: false,
      followServerReference: false,
      formerFilters: [],
      version: undefined,
      startClean: true,
      keepSession: false,
      sessionExpiryInterval: 300,
      keepAlive: 60,
      receiveMaximum: 1000,
      maximumPacketSize: 268_435_460,
      topicAliasMaximum: 0,
      maxProperties: 1000,
      refuseControlCharacters: false,
      maxInflight: undefined,
      subscribeBatchSize: 8,
      dynamicCredentials: false,
      authentication: undefined,
      fixedCredentials: { username: undefined, password: undefined },
      will: undefined,
      requestResponseInformation: undefined,
      requestProblemInformation: undefined,
      userProperties: undefined,
      tls: {
        ca: undefined,
        cert: undefined,
        key: undefined,
        passphrase: undefined,
        servername: undefined,
        alpnProtocols: undefined,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
      },
      webSocket: { headers: {}, protocol: 'mqtt' },
      autoReconnect: true,
      reconnectPeriodMs: 1000,
      maxReconnectPeriodMs: 30_000,
      refusalTimeoutMs: Number.POSITIVE_INFINITY,
      connectTimeoutMs: 30_000,
      connackTimeoutMs: 30_000,
      pingrespTimeoutMs: 10_000,
      writeTimeoutMs: 30_000,
      ackTimeoutMs: 60_000,
      subscriptions: [],
      refuseLowerQos: false,
      past: undefined,
      requireQos2: false,
      requireKeptSession: false,
      onSessionLoss: 'redeliver',
    });
  });

  it('take undefined for "not said"', () => {
    assert.equal(
      problems(undefined, { ca: undefined, path: undefined, reconnectPeriod: undefined, autoReconnect: false }),
      '',
    );
  });

  it('keep a session for a week when `clean` is false', () => {
    const { keepSession, sessionExpiryInterval } = resolved(undefined, { clean: false, clientId: 'c' });
    assert.deepEqual([keepSession, sessionExpiryInterval], [true, 604_800]);
  });

  it('wait for PINGRESP at most half of keepalive', () => {
    assert.equal(resolved(undefined, { keepalive: 4 }).pingrespTimeoutMs, 2000);
    assert.equal(resolved(undefined, { keepalive: 0 }).pingrespTimeoutMs, 10_000);
  });

  it('take a will with the properties of 5.0', () => {
    const { will } = resolved(undefined, {
      will: {
        topic: 'gone',
        payload: 'x',
        qos: 1,
        properties: { willDelayInterval: 5, userProperties: { a: ['1', '2'] } },
      },
    });
    assert.deepEqual(will, {
      topic: 'gone',
      payload: new Uint8Array([120]),
      qos: 1,
      retain: false,
      properties: {
        willDelayInterval: 5,
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
    });
  });

  it('report all problems at once', () => {
    const { options, problems: list } = resolve('tcp://host', {
      keepalive: -1,
      ca: 'x',
      path: '/p',
      maxInflight: 60_000,
      subscribeBatchSize: 0,
    });
    assert.equal(options, undefined);
    assert.equal(list.length, 5, list.join('\n'));
  });

  const contradictions: readonly [string, string | undefined, ConnectOptions, RegExp][] = [
    [
      'TLS options without TLS',
      'tcp://h',
      { rejectUnauthorized: false, servername: 'x' },
      /servername, rejectUnauthorized: for TLS only/,
    ],
    ['a path without WebSocket', 'tcp://h', { path: '/x' }, /path is for ws/],
    ['WebSocket options without WebSocket', 'tcp://h', { wsOptions: {} }, /wsOptions is for ws/],
    ['two paths', 'ws://h/a', { path: '/b' }, /path is given twice/],
    ['two passwords', 'tcp://u:a@h', { password: 'b' }, /password is given more than once/],
    ['two users', 'tcp://u:a@h', { username: 'v' }, /username is given more than once/],
    ['a provider beside a user', 'tcp://u:a@h', { credentials: () => ({}) }, /credentials is a provider/],
    ['a password without a user', undefined, { password: 'p' }, /MQTT-3.1.2-22/],
    [
      'a back-off without reconnect',
      undefined,
      { autoReconnect: false, reconnectPeriod: 5 },
      /no effect with autoReconnect false/,
    ],
    ['a cap below the first step', undefined, { reconnectPeriod: 50, maxReconnectPeriod: 20 }, /must not be less/],
    ['a kept session without client id', undefined, { clean: false }, /needs a clientId/],
    [
      'a kept session that ends at once',
      undefined,
      { clean: false, clientId: 'c', properties: { sessionExpiryInterval: 0 } },
      /ends the session/,
    ],
    [
      '5.0 properties on 3.1.1',
      undefined,
      { protocolVersion: 4, properties: { receiveMaximum: 1 } },
      /properties is for protocolVersion 5/,
    ],
    ['a certificate without its key', 'mqtts://h', { cert: 'x' }, /cert and key/],
    [
      'an authority without a certificate, such as the name of its file',
      'mqtts://h',
      { ca: 'ca.pem' },
      /no certificate in it/,
    ],
    ['a certificate that is none', 'mqtts://h', { cert: 'x', key: 'y' }, /cannot be used/],
    ['a will on a wildcard', undefined, { will: { topic: 'a/#' } }, /will.topic/],
    ['a list without the broker of the URL', 'tcp://a', { servers: [{ host: 'b', port: 1883 }] }, /not one of servers/],
    ['an empty list', undefined, { servers: [] }, /servers is empty/],
    [
      'TLS beside plain text in one list: the password would go out in clear when TLS fails (X3)',
      undefined,
      {
        servers: [
          { host: 'a', port: 8883, protocol: 'mqtts' },
          { host: 'a', port: 1883 },
        ],
      },
      /mix TLS .* and plain text/,
    ],
    [
      'the same for WebSocket (X3)',
      'wss://a',
      {
        servers: [
          { host: 'a', port: 443 },
          { host: 'b', port: 80, protocol: 'ws' },
        ],
      },
      /mix TLS .* and plain text/,
    ],
    [
      'a broker URL with TLS whose list has it in plain text (X3)',
      'mqtts://a',
      { servers: [{ host: 'a', port: 8883, protocol: 'mqtt' }] },
      /mix TLS .* and plain text/,
    ],
    ['shared sessions of one server', 'tcp://a', { serversShareSessions: true }, /servers, which are not given/],
    ['a long client id on 3.1', undefined, { protocolVersion: 3, clientId: 'x'.repeat(24) }, /3\.1 does not allow/],
  ];
  for (const [what, broker, options, pattern] of contradictions) {
    it(`refuse ${what}`, () => {
      assert.match(problems(broker, options), pattern);
    });
  }

  it('refuse a name that does not exist', () => {
    const misspelt = { clientId: 'x', clientID: 'x' };
    assert.match(problems(undefined, misspelt), /connectOptionsFn has no option "clientID", did you mean "clientId"/);
  });

  it('take a list that is secure throughout, over TCP and WebSocket (X3)', () => {
    const servers = [
      { host: 'a', port: 8883 },
      { host: 'b', port: 443, protocol: 'wss' as const },
    ];
    assert.equal(problems('mqtts://a', { servers }), '');
  });

  it('name one problem of a broker URL that cannot be read beside a secure list', () => {
    assert.doesNotMatch(problems('nonsense', { servers: [{ host: 'a', port: 8883, protocol: 'mqtts' }] }), /mix TLS/);
  });

  it('agree with the same value given twice', () => {
    assert.equal(problems('tcp://u:p@h', { username: 'u', password: 'p' }), '');
  });

  it('never show a password', () => {
    const text = problems('tcp://u:hunter2@h', { username: 'v', password: 'hunter3', keepalive: -1 });
    assert.doesNotMatch(text, /hunter/);
  });

  it('give a failover list the protocol and path of the URL', () => {
    const servers = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2, protocol: 'mqtt' as const },
    ];
    assert.deepEqual(resolved('ws://a:1/p', { servers }).servers, [
      { protocol: 'ws', host: 'a', port: 1, path: '/p' },
      { protocol: 'mqtt', host: 'b', port: 2, path: '' },
    ]);
  });
});
