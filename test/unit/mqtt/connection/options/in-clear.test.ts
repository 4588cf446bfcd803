import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionObserver } from '../../../../../src/cli/job/connection-observer.js';
import type { ReportedEvent } from '../../../../../src/cli/job/reporter.js';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import { connectionMetrics } from '../../../../../src/mqtt/connection/connection-metrics.js';
import { Dialer } from '../../../../../src/mqtt/connection/dialer.js';
import { isLoopback } from '../../../../../src/mqtt/connection/identity/broker-place.js';
import { sessionClaims } from '../../../../../src/mqtt/connection/identity/session-claims.js';
import { resolveConnectOptions } from '../../../../../src/mqtt/connection/options/resolve-connect-options.js';
import { Told } from '../../../../support/told.js';

const dialerTo = (broker: string) => {
  const { options, problems } = resolveConnectOptions({
    name: 'plant',
    broker,
    options: {},
    keepSession: undefined,
    startClean: true,
    subscriptions: [],
    refuseLowerQos: false,
    onSessionLoss: 'redeliver',
    metrics: new MetricsRegistry(),
    labels: {},
  });
  assert.ok(options, problems.join('; '));
  const dialer = new Dialer(
    options,
    connectionMetrics(options.metrics, {}, () => false),
    new AbortController().signal,
  );
  return { dialer, servers: options.servers };
};

/** What is told when the connection asks who it is, twice. */
const toldOf = async (broker: string): Promise<readonly unknown[]> => {
  using told = new Told('credentials-in-clear');
  const { dialer, servers } = dialerTo(broker);
  await dialer.login(servers[0]);
  await dialer.login(servers[0]);
  return told.events.map(({ data }) => data);
};

describe('a password in clear (X7)', () => {
  for (const scheme of ['mqtt', 'ws']) {
    it(`that goes to another machine over ${scheme}:// is told once for each server, without the password`, async () => {
      const port = scheme === 'ws' ? 80 : 1883;
      const told = await toldOf(`${scheme}://u:hunter2@broker.example`);
      assert.deepEqual(told, [{ name: 'plant', server: `${scheme}://broker.example:${port}` }]);
    });
  }

  for (const broker of [
    'mqtts://u:hunter2@broker.example',
    'wss://u:hunter2@broker.example',
    'mqtt://u:hunter2@localhost',
    'mqtt://u:hunter2@127.0.0.9',
    'mqtt://u:hunter2@[::1]',
    'mqtt://u@broker.example',
    'mqtt://broker.example',
  ]) {
    it(`is none, and nothing is told: ${broker}`, async () => assert.deepEqual(await toldOf(broker), []));
  }

  it('is one line for whoever runs the command, however many connections it has', async () => {
    const events: ReportedEvent[] = [];
    using _watch = new ConnectionObserver((event) => events.push(event));
    await toldOf('mqtt://u:hunter2@broker.example');
    await toldOf('mqtt://u:hunter2@other.example');
    assert.equal(events.length, 1);
    assert.match(events[0]?.text ?? '', /^note: a password goes to another machine unencrypted: use mqtts:/);
  });

  it('knows this machine by its names', () => {
    const near = [
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      '127.0.0.1',
      '127.8.9.1',
      '::1',
      '::ffff:127.0.0.1',
    ];
    for (const host of near) assert.equal(isLoopback({ host }), true, host);
    const far = ['localhost.example', '10.0.0.1', '::2', '127.0.0.1.example', 'broker'];
    for (const host of far) assert.equal(isLoopback({ host }), false, host);
  });
});

describe('a claim of a client id at a broker (G7)', () => {
  it('is the same however the broker is written', () => {
    const claims = (host: string, port = 1883) => sessionClaims([{ protocol: 'mqtt', host, port, path: '' }], 'id');
    for (const host of ['LOCALHOST', 'localhost.', '127.0.0.1', '::1'])
      assert.deepEqual(claims(host), claims('localhost'));
    assert.deepEqual(claims('Broker.Example'), claims('broker.example.'));
    assert.notDeepEqual(claims('broker.example'), claims('broker.example', 1884));
    assert.notDeepEqual(claims('127.0.0.2'), claims('localhost'));
  });
});
