import assert from 'node:assert/strict';
import { subscribe as listen, unsubscribe as unlisten } from 'node:diagnostics_channel';
import { before, describe, it } from 'node:test';
import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { type Certificate, type Certificates, makeCertificates } from '../support/certificates.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

describe('connection: TLS (J1)', () => {
  let certificates: Certificates;
  let broker: Mosquitto;
  let ports: readonly number[];

  before(async () => {
    certificates = await makeCertificates();
    const { caFile, server, wrongHost, expired, selfSigned } = certificates;
    const tls = ({ certFile, keyFile }: Certificate, ...more: readonly string[]) => ({
      config: [`cafile ${caFile}`, `certfile ${certFile}`, `keyfile ${keyFile}`, ...more],
    });
    const listeners = [
      tls(server),
      tls(wrongHost),
      tls(expired),
      tls(server, 'require_certificate true'),
      tls(selfSigned),
      { ...tls(server), protocol: 'websockets' as const },
    ];
    broker = await startMosquitto({ listeners });
    ports = broker.listenerPorts;
  });

  const url = (listener: number, host = 'localhost', scheme = 'mqtts'): string =>
    `${scheme}://${host}:${ports[listener]}`;

  for (const [host, scheme, listener] of [
    ['localhost', 'mqtts', 0],
    ['127.0.0.1', 'ssl', 0],
    ['localhost', 'wss', 5],
  ] as const) {
    it(`publishes and receives over ${scheme}://${host}`, LIMIT, async () => {
      const rig = connectionRig(
        url(listener, host, scheme),
        { ca: certificates.ca },
        { subscriptions: [wanted('t', { qos: 2 })] },
      );
      await rig.open();
      rig.publish(0, 't', { qos: 2, payload: new Uint8Array(200_000).fill(65) });
      await until(() => rig.delivered.length === 1 && rig.messages.length === 1);
      assert.equal(rig.messages[0]?.payload.length, 200_000);
      await rig.connection.close();
    });
  }

  it('presents a client certificate where the broker wants one', LIMIT, async () => {
    const { ca, client } = certificates;
    const rig = connectionRig(url(3), { ca, cert: client.cert, key: client.key });
    await rig.open();
    await rig.connection.close();
  });

  const refusals: readonly [string, number, (made: Certificates) => ConnectOptions][] = [
    ['a certificate for another host', 1, ({ ca }) => ({ ca })],
    ['an expired certificate', 2, ({ ca }) => ({ ca })],
    ['a certificate of an unknown authority', 0, () => ({})],
    ['a self-signed certificate', 4, ({ ca }) => ({ ca })],
    ['a broker that wants a client certificate and gets none', 3, ({ ca }) => ({ ca })],
  ];
  for (const [what, listener, options] of refusals) {
    it(`refuses ${what} at once, without retry or fallback to plain text`, LIMIT, async () => {
      const rig = connectionRig(url(listener), options(certificates));
      await assert.rejects(rig.open(), { code: 'TLS_REFUSED' });
      assert.equal(rig.disconnects.length, 1);
      assert.equal(rig.connection.state, 'failed');
    });
  }

  it('takes another name for the certificate by `servername`', LIMIT, async () => {
    const rig = connectionRig(url(1), { ca: certificates.ca, servername: 'elsewhere.example' });
    await rig.open();
    await rig.connection.close();
  });

  it('says so when verification is turned off', LIMIT, async () => {
    const events: unknown[] = [];
    const onMessage = (message: unknown): void => void events.push(message);
    listen('millrace:insecure-tls', onMessage);
    try {
      const rig = connectionRig(url(4), { rejectUnauthorized: false }, { startClean: false });
      await rig.open();
      await rig.connection.close();
    } finally {
      unlisten('millrace:insecure-tls', onMessage);
    }
    assert.deepEqual(events, [{ name: 'rig', server: url(4) }]);
  });

  it('goes on to another server of the list when one has a bad certificate', LIMIT, async () => {
    const servers = [2, 0].map((listener) => ({ host: 'localhost', port: ports[listener] ?? 0 }));
    const rig = connectionRig(url(2), { ca: certificates.ca, servers });
    await rig.open();
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['TLS_REFUSED'],
    );
    await rig.connection.close();
  });

  it('resumes after TLS was cut without close_notify (J2)', LIMIT, async () => {
    const rig = connectionRig(url(0), { ca: certificates.ca }, { subscriptions: [wanted('t')] });
    await rig.open();
    await broker.kill();
    await until(() => rig.disconnects.length > 0);
    await broker.start();
    await until(() => rig.granted.length === 2);
    await rig.connection.close();
  });
});
