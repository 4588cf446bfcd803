import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { onCleanup } from '../../support/cleanup.js';
import { SUITE_LIMIT } from '../../support/limits.js';
import { type ChaosProxy, type ChaosProxyOptions, startChaosProxy } from '../../support/proxy/chaos-proxy.js';
import { tempDir } from '../../support/temp-dir.js';
import { until } from '../../support/until.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const CONNACK = hex('20 02 00 00');
const PUBACK_1 = hex('40 02 00 01');
const PUBREC_7 = hex('50 02 00 07');
/** QoS 1, packet id 1, topic `t`, payload `hello`. */
const PUBLISH = hex('32 0a 00 01 74 00 01 68 65 6c 6c 6f');

/** One end of a connection that remembers what came and how it ended. */
class Peer {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    onCleanup(() => void socket.destroy());
  }

  get received(): string {
    return Buffer.concat(this.chunks).toString('hex');
  }

  get open(): boolean {
    return !this.ended && this.error === undefined && !this.socket.closed;
  }

  async untilReceived(bytes: Uint8Array): Promise<void> {
    const wanted = Buffer.from(bytes).toString('hex');
    await until(() => this.received === wanted, { what: () => `${wanted}, got ${this.received}` });
  }

  async untilReset(): Promise<void> {
    const what = () => `a reset; ended: ${this.ended}, error: ${this.error?.code}, closed: ${this.socket.closed}`;
    await until(() => this.error?.code === 'ECONNRESET', { what });
  }

  async untilEnded(): Promise<void> {
    await until(() => this.ended, { what: 'the end of the stream' });
  }
}

interface Rig {
  readonly proxy: ChaosProxy;
  /** Opens one more connection through the proxy. */
  pair(): Promise<{ client: Peer; server: Peer }>;
}

async function rig(options: Omit<ChaosProxyOptions, 'to'> = {}): Promise<Rig> {
  const accepted: Peer[] = [];
  const broker = createServer({ allowHalfOpen: true }, (socket) => accepted.push(new Peer(socket)));
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  onCleanup(() => void broker.close());
  const proxy = await startChaosProxy({ ...options, to: { port: (broker.address() as AddressInfo).port } });
  const pair = async () => {
    const before = accepted.length;
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    const client = new Peer(socket);
    await once(socket, 'connect');
    const server = await until(() => accepted[before]);
    return { client, server };
  };
  return { proxy, pair };
}

describe('the chaos proxy', SUITE_LIMIT, () => {
  it('changes nothing without a fault, and tells each packet from each side', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    client.socket.write(Buffer.concat([PUBLISH, PUBREC_7]));
    await server.untilReceived(Buffer.concat([PUBLISH, PUBREC_7]));
    server.socket.write(CONNACK.subarray(0, 1));
    server.socket.write(Buffer.concat([CONNACK.subarray(1), PUBACK_1]));
    await client.untilReceived(Buffer.concat([CONNACK, PUBACK_1]));
    assert.deepEqual(
      proxy.seen.map(({ from, type, packetId }) => [from, type, packetId]),
      [
        ['client', 'publish', 1],
        ['client', 'pubrec', 7],
        ['server', 'connack', undefined],
        ['server', 'puback', 1],
      ],
    );
    const [publish] = proxy.frames('client', 'publish');
    assert.deepEqual([publish?.topic, publish?.qos, publish?.dup, publish?.retain], ['t', 1, false, false]);
    client.socket.end();
    await server.untilEnded();
    server.socket.end();
    await client.untilEnded();
    await until(() => proxy.active === 0);
  });

  it('passes on bytes that are no MQTT, and the rest of a packet that never became whole', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    const noise = hex('16 ff ff ff ff ff 00');
    client.socket.write(noise);
    await server.untilReceived(noise);
    assert.equal(proxy.count('client', 'raw'), 1);
    const blind = await rig({ opaque: true });
    const tls = await blind.pair();
    tls.client.socket.write(hex('16 03 01 00'));
    await tls.server.untilReceived(hex('16 03 01 00'));
    const next = await pair();
    next.client.socket.end(PUBLISH.subarray(0, 5));
    await next.server.untilReceived(PUBLISH.subarray(0, 5));
  });

  for (const how of ['rst', 'fin'] as const) {
    it(`cuts by ${how} before, after and inside the n-th packet of a type`, async () => {
      const { proxy, pair } = await rig();
      const check = async (at: 'before' | 'after' | number, arrives: Buffer) => {
        const fault = proxy.cut({ when: { from: 'client', type: 'pubrec', nth: 2 }, how, at });
        const { client, server } = await pair();
        client.socket.write(Buffer.concat([PUBREC_7, PUBLISH, PUBREC_7, PUBLISH]));
        await fault.fired();
        await (how === 'rst' ? client.untilReset() : client.untilEnded());
        // With bytes just written before it, a reset may look like an end here: some kernels report it so.
        await until(() => !server.open, { what: 'the cut at the server' });
        await server.untilReceived(Buffer.concat([PUBREC_7, PUBLISH, arrives]));
        assert.equal(fault.count, 1);
      };
      await check('before', Buffer.alloc(0));
      await check('after', PUBREC_7);
      await check(3, PUBREC_7.subarray(0, 3));
      assert.equal(proxy.connections, 3);
    });
  }

  it('counts over connections, fires as often as asked for and proves it', async () => {
    const { proxy, pair } = await rig();
    const fault = proxy.cut({ when: { from: 'client', type: 'publish', nth: 2, times: 2 } });
    for (const reset of [false, true, false, true, false]) {
      const { client, server } = await pair();
      client.socket.write(PUBLISH);
      if (reset) await client.untilReset();
      else await server.untilReceived(PUBLISH);
    }
    await proxy.fired();
    await fault.fired({ count: 2 });
    await assert.rejects(fault.fired({ count: 3, timeoutMs: 20 }), /fired 3 times, did 2/);
  });

  it('loses a CONNACK, and only that', async () => {
    const { proxy, pair } = await rig();
    const fault = proxy.dropConnack();
    const first = await pair();
    first.server.socket.write(CONNACK);
    await first.client.untilReset();
    assert.equal(first.client.received, '');
    assert.equal(fault.count, 1);
    const second = await pair();
    second.server.socket.write(CONNACK);
    await second.client.untilReceived(CONNACK);
    assert.deepEqual(
      proxy.frames('server', 'connack').map(({ forwarded }) => forwarded),
      [false, true],
    );
  });

  it('drops, duplicates, corrupts and injects packets', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    proxy.drop({ from: 'client', type: 'pubrec' });
    proxy.duplicate({ from: 'client', type: 'publish' });
    proxy.corrupt({ packet: { from: 'server', type: 'puback' }, offset: -1, xor: 0x03 });
    client.socket.write(Buffer.concat([PUBREC_7, PUBLISH, PUBREC_7]));
    await server.untilReceived(Buffer.concat([PUBLISH, PUBLISH, PUBREC_7]));
    server.socket.write(PUBACK_1);
    await client.untilReceived(hex('40 02 00 02'));
    await proxy.inject('client', CONNACK);
    await client.untilReceived(Buffer.concat([hex('40 02 00 02'), CONNACK]));
    await proxy.fired();
  });

  it('holds one direction in a black hole while the other flows, also on new connections', async () => {
    const { proxy, pair } = await rig();
    const first = await pair();
    proxy.blackhole('to-client');
    const second = await pair();
    for (const { client, server } of [first, second]) {
      server.socket.write(PUBACK_1);
      client.socket.write(PUBLISH);
      await server.untilReceived(PUBLISH);
    }
    await sleep(50);
    assert.equal(first.client.received + second.client.received, '');
    proxy.heal();
    await first.client.untilReceived(PUBACK_1);
    await second.client.untilReceived(PUBACK_1);
  });

  it('delays packets without slowing their rate', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    proxy.delay(100);
    const start = performance.now();
    const many = Buffer.concat(Array.from({ length: 50 }, () => PUBLISH));
    for (let index = 0; index < 50; index += 1) client.socket.write(PUBLISH);
    await server.untilReceived(many);
    const took = performance.now() - start;
    assert.ok(took >= 99 && took < 4_000, `took ${took} ms`);
  });

  it('dribbles single bytes and gathers packets into one write', async () => {
    const { proxy, pair } = await rig();
    const slow = await pair();
    proxy.dribble();
    slow.client.socket.write(PUBLISH);
    await slow.server.untilReceived(PUBLISH);
    assert.ok(slow.server.chunks.length > 2, `${slow.server.chunks.length} reads of 12 bytes`);
    proxy.heal();
    // they are let out as soon as they are enough
    proxy.coalesce(10 * PUBLISH.length, 10_000);
    const { client, server } = await pair();
    for (let index = 0; index < 10; index += 1) {
      client.socket.write(PUBLISH);
      await sleep(1);
    }
    await until(() => server.received.length === 20 * PUBLISH.length);
    assert.equal(server.chunks.length, 1);
    proxy.coalesce(10 * PUBLISH.length, 200);
    client.socket.write(PUBREC_7);
    await until(() => server.chunks.length === 2, { what: 'the gathered rest after the hold time' });
  });

  it('closes one half and leaves the other open', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    proxy.halfClose('client');
    await client.untilEnded();
    client.socket.write(PUBLISH);
    await server.untilReceived(PUBLISH);
    assert.equal(server.open, true);
  });

  it('stops reading until the sender is held by its window', async () => {
    const { proxy, pair } = await rig();
    const { client, server } = await pair();
    proxy.stopReading('client');
    const big = Buffer.concat([hex('30 80 80 40'), Buffer.alloc(1024 * 1024)]);
    for (let index = 0; index < 16; index += 1) client.socket.write(big);
    server.socket.write(PUBACK_1);
    await client.untilReceived(PUBACK_1);
    await sleep(50);
    assert.ok(client.socket.writableLength > 0, 'the sender still has bytes to write');
    proxy.heal();
    await until(() => client.socket.writableLength === 0, { what: 'the sender to be rid of its bytes' });
  });

  it('refuses connections, cuts all of them and goes to another broker', async () => {
    const { proxy, pair } = await rig();
    const other = await rig();
    const { client } = await pair();
    proxy.cutAll('rst');
    await client.untilReset();
    proxy.refuse();
    const refused = new Peer(connect(proxy.port, '127.0.0.1'));
    await refused.untilReset();
    proxy.heal();
    proxy.retarget({ port: other.proxy.port });
    const moved = new Peer(connect(proxy.port, '127.0.0.1'));
    moved.socket.write(PUBLISH);
    await other.proxy.untilSeen('client', 'publish');
  });

  it('ends TLS, sees the packets inside and cuts it without close_notify', async () => {
    const dir = tempDir('proxy-tls');
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
    ];
    execFileSync('openssl', [...request, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const { proxy } = await rig({ tls: { key: readFileSync(key), cert: readFileSync(cert) } });
    const fault = proxy.cut({ when: { from: 'client', type: 'pubrec' }, how: 'fin' });
    const socket = connectTls({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false });
    const client = new Peer(socket);
    await once(socket, 'secureConnect');
    socket.write(Buffer.concat([PUBLISH, PUBREC_7]));
    await fault.fired();
    await until(() => !client.open, { what: 'the cut' });
    assert.equal(proxy.count('client', 'publish'), 1);
  });
});
