import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../src/errors/index.js';
import type { ServerAddress } from '../../src/mqtt/connection/options/mqtt-connection-options.js';
import { openTransport } from '../../src/mqtt/connection/transport/open-transport.js';
import { type HostLookup, reachHost } from '../../src/mqtt/connection/transport/reach-host.js';
import { connectError } from '../../src/mqtt/connection/transport/transport-error.js';
import type { TransportRequest } from '../../src/mqtt/connection/transport/transport-request.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { startSlowPort } from '../support/brokers/slow-port.js';
import { makeCertificates } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { LIMIT } from '../support/limits.js';

const HERE = { address: '127.0.0.1', family: 4 };
/** Nobody listens there. */
const NOBODY = { address: '::1', family: 6 };
/** Longer than Node gives an address, shorter than a SYN waits to be sent again. */
const SLOW_MS = 320;

function request(address: ServerAddress, lookup: HostLookup, more: Partial<TransportRequest> = {}): TransportRequest {
  return {
    address,
    lookup,
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
    maximumPacketSize: 1_000_000,
    signal: AbortSignal.timeout(30_000),
    connectTimeoutMs: 30_000,
    ...more,
  };
}

const at = (protocol: ServerAddress['protocol'], port: number): ServerAddress => ({
  protocol,
  host: 'broker.example',
  port,
  path: protocol.startsWith('ws') ? '/mqtt' : '',
});

const failure = async (opening: Promise<unknown>): Promise<MillraceError> => {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    return error;
  }
  return assert.fail('it connected');
};

describe('connection: a name with several addresses (S3)', () => {
  it('reaches the one that answers, however slow its handshake, over TCP, TLS and WebSocket', LIMIT, async () => {
    const { ca, caFile, server } = await makeCertificates();
    const config = [`cafile ${caFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
    const broker: Mosquitto = await startMosquitto({
      listeners: [
        { config: [] },
        { config },
        { config: [], protocol: 'websockets' },
        { config, protocol: 'websockets' },
      ],
    });
    for (const [listener, protocol] of (['mqtt', 'mqtts', 'ws', 'wss'] as const).entries()) {
      await using slow = await startSlowPort(broker.listenerPorts[listener] ?? 0);
      const tls = { ...request(at('mqtts', 1), async () => []).tls, ca: [ca], servername: 'localhost' };
      const opening = openTransport(request(at(protocol, slow.port), async () => [HERE, NOBODY], { tls }));
      setTimeout(() => slow.answer(), SLOW_MS);
      (await opening).destroy();
    }
  });

  it('says what each address answered', LIMIT, async () => {
    for (const protocol of ['mqtt', 'mqtts', 'ws', 'wss'] as const) {
      const port = await freePort();
      const error = await failure(openTransport(request(at(protocol, port), async () => [NOBODY, HERE])));
      assert.equal(error.code, 'CONNECT_FAILED', protocol);
      assert.match(error.message, /::1 E[A-Z]+, 127\.0\.0\.1 ECONNREFUSED/);
      assert.equal(error.details.systemCode, 'ECONNREFUSED');
      assert.match(error.advice ?? '', /listens on this host and port/);
    }
  });

  it('advises by the address that was reached, not by one that this machine has no route to', () => {
    const said = (code: string, address: string): Error => Object.assign(new Error(code), { code, address });
    const errors = [said('ENETUNREACH', '2001:db8::1'), said('ECONNREFUSED', '192.0.2.1')];
    const error = connectError(new AggregateError(errors), at('mqtt', 1883));
    assert.match(error.message, /connect ECONNREFUSED: 2001:db8::1 ENETUNREACH, 192\.0\.2\.1 ECONNREFUSED$/);
    assert.match(error.advice ?? '', /listens on this host and port/);
  });

  it('says at a timeout what the other addresses answered', LIMIT, async () => {
    await using slow = await startSlowPort(1);
    const late = new AbortController();
    const opening = openTransport(request(at('mqtt', slow.port), async () => [NOBODY, HERE], { signal: late.signal }));
    setTimeout(() => late.abort(new MillraceError('TIMEOUT', 'no connection')), SLOW_MS);
    assert.match((await failure(opening)).message, /^no connection: ::1 E[A-Z]+$/);
  });

  it('names a host that cannot be found, and gives up a lookup that hangs', LIMIT, async () => {
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND broker.example'), { code: 'ENOTFOUND' });
    const missing = await failure(openTransport(request(at('wss', 1), () => Promise.reject(unknown))));
    assert.equal(missing.code, 'CONNECT_FAILED');
    assert.match(missing.advice ?? '', /host name/);
    const signal = AbortSignal.abort(new MillraceError('TIMEOUT', 'no connection'));
    const hanging = request(at('mqtt', 1), () => new Promise(() => {}), { signal });
    assert.equal((await failure(openTransport(hanging))).code, 'TIMEOUT');
  });

  it('shares the connect timeout out among all addresses, seconds for each but no more than there are', async () => {
    const many = Array.from({ length: 9 }, () => HERE);
    const shareOf = async (lookup: HostLookup, connectTimeoutMs: number): Promise<number | undefined> => {
      const { signal } = new AbortController();
      const reach = await reachHost({ host: 'broker.example', lookup, connectTimeoutMs, signal });
      return reach.autoSelectFamilyAttemptTimeout;
    };
    assert.equal(await shareOf(async () => [HERE, NOBODY], 30_000), 5000);
    assert.equal(await shareOf(async () => many, 30_000), 3000);
    assert.equal(await shareOf(async () => [HERE, NOBODY], 900), 300);
  });
});
