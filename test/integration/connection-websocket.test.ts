import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type WebSocket from 'ws';
import { WebSocketServer } from 'ws';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import type { Packet } from '../../src/mqtt/protocol/packet.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

const bytes = (packet: Packet): Uint8Array => encodePacket(packet, 5);
const CONNACK = bytes({ type: 'connack', sessionPresent: false, reasonCode: 0 });

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  onCleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface FakeWebSocketServer {
  readonly url: string;
  /** Headers and path of each handshake. */
  readonly requests: { readonly path: string | undefined; readonly authorization: string | undefined }[];
  readonly sockets: WebSocket[];
}

/** A WebSocket server that hands each connection's first message to the test. */
async function serve(
  onConnect: (socket: WebSocket, index: number) => void,
  protocol = 'mqtt',
): Promise<FakeWebSocketServer> {
  const http = createServer();
  const fake: Omit<FakeWebSocketServer, 'url'> = { requests: [], sockets: [] };
  const server = new WebSocketServer({ server: http, handleProtocols: () => (protocol === '' ? false : protocol) });
  server.on('connection', (socket, request) => {
    fake.requests.push({ path: request.url, authorization: request.headers.authorization });
    const index = fake.sockets.push(socket) - 1;
    socket.on('error', () => {});
    socket.once('message', () => onConnect(socket, index));
  });
  onCleanup(() => {
    for (const client of server.clients) client.terminate();
  });
  return { ...fake, url: `ws://127.0.0.1:${await listen(http)}/mqtt` };
}

describe('connection: WebSocket (J3)', () => {
  it('publishes and receives at every QoS over a real broker', LIMIT, async () => {
    await using broker = await startMosquitto({ listeners: [{ protocol: 'websockets' }] });
    const rig = connectionRig(
      `ws://127.0.0.1:${broker.listenerPorts[0]}/mqtt`,
      {},
      { subscriptions: [wanted('t', { qos: 2 })] },
    );
    await rig.open();
    for (let seq = 0; seq < 24; seq += 1) rig.publish(seq, 't', { qos: seq % 3 === 0 ? 2 : seq % 3 === 1 ? 1 : 0 });
    await until(() => rig.messages.length === 24);
    rig.publish(24, 't', { qos: 1, payload: new Uint8Array(300_000) });
    await until(() => rig.messages.length === 25);
    await rig.connection.close();
  });

  it('sends path, headers and the mqtt subprotocol', LIMIT, async () => {
    const fake = await serve((socket) => socket.send(CONNACK));
    const rig = connectionRig(
      `${fake.url}?token=1`,
      { wsOptions: { headers: { Authorization: 'Bearer x' } } },
      { startClean: false },
    );
    await rig.open();
    assert.deepEqual(fake.requests, [{ path: '/mqtt?token=1', authorization: 'Bearer x' }]);
    await rig.connection.close();
  });

  it('does not care how packets lie in frames [MQTT-6.0.0-2]', LIMIT, async () => {
    const message = (text: string): Uint8Array =>
      bytes({
        type: 'publish',
        topic: 't',
        payload: Buffer.from(text),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
      });
    const fake = await serve((socket) => {
      for (const byte of Buffer.concat([CONNACK, message('one'), message('two')])) socket.send(Buffer.from([byte]));
      socket.send(Buffer.concat([message('three'), message('four')]));
      const fragments = message('five');
      socket.send(fragments.subarray(0, 4), { fin: false });
      socket.send(fragments.subarray(4), { fin: true });
    });
    const rig = connectionRig(fake.url);
    await rig.open();
    await until(() => rig.messages.length === 5);
    assert.deepEqual(
      rig.messages.map(({ text }) => text),
      ['one', 'two', 'three', 'four', 'five'],
    );
    await rig.connection.close();
  });

  it('closes on a text frame and tries again [MQTT-6.0.0-1]', LIMIT, async () => {
    const fake = await serve((socket, index) => {
      if (index === 0) socket.send('text');
      else socket.send(CONNACK);
    });
    const rig = connectionRig(fake.url);
    await rig.open();
    assert.equal(rig.disconnects[0]?.code, 'PROTOCOL_ERROR');
    await rig.connection.close();
  });

  for (const [what, frame, code] of [
    ['has an opcode that there is not', [0x83, 0], 'PROTOCOL_ERROR'],
    ['is masked', [0x82, 0x80, 0, 0, 0, 0], 'PROTOCOL_ERROR'],
    ['is larger than any message', [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0], 'PACKET_TOO_LARGE'],
  ] as const) {
    it(
      `R22: a frame that ${what}, five connections in a row, is an error by name, before CONNACK and behind it`,
      LIMIT,
      async () => {
        for (const early of [true, false]) {
          const fake = await serve((socket) => {
            if (!early) socket.send(CONNACK);
            const raw: unknown = Reflect.get(socket, '_socket');
            if (raw instanceof Socket) setTimeout(() => raw.write(Buffer.from(frame)), early ? 0 : 50);
          });
          const rig = connectionRig(fake.url, {}, { startClean: false, subscriptions: [wanted('a')] });
          await assert.rejects(rig.open(), { code, message: /on 5 connections in a row/ });
          assert.equal(fake.sockets.length, 5);
        }
      },
    );
  }

  for (const [what, protocol] of [
    ['none', ''],
    ['another one', 'chat'],
  ] as const) {
    it(`refuses a server that picks ${what} of the subprotocols [MQTT-6.0.0-4]`, LIMIT, async () => {
      const fake = await serve(() => {}, protocol);
      const rig = connectionRig(fake.url);
      await assert.rejects(rig.open(), { code: 'WEBSOCKET_REFUSED' });
      assert.equal(rig.disconnects.length, 1);
    });
  }

  for (const status of [401, 403, 404]) {
    it(`is refused by HTTP ${status} without a retry`, LIMIT, async () => {
      let asked = 0;
      const http = createServer().on('upgrade', (_request, socket) => {
        asked += 1;
        socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      });
      const rig = connectionRig(`ws://127.0.0.1:${await listen(http)}/secret-path`);
      await assert.rejects(rig.open(), (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'WEBSOCKET_REFUSED');
        assert.match(error.message, new RegExp(String(status)));
        assert.doesNotMatch(error.message, /secret-path/);
        return true;
      });
      assert.equal(asked, 1);
    });
  }

  it('tries again after the 502 of a proxy whose broker is away', LIMIT, async () => {
    let asked = 0;
    const accepting = new WebSocketServer({ noServer: true, handleProtocols: () => 'mqtt' });
    const http = createServer().on('upgrade', (request, socket, head) => {
      asked += 1;
      if (asked < 3) socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      else
        accepting.handleUpgrade(request, socket, head, (client) => client.once('message', () => client.send(CONNACK)));
    });
    onCleanup(() => {
      for (const client of accepting.clients) client.terminate();
    });
    const rig = connectionRig(`ws://127.0.0.1:${await listen(http)}`);
    await rig.open();
    assert.deepEqual(
      rig.disconnects.map(({ code }) => code),
      ['WEBSOCKET_REFUSED', 'WEBSOCKET_REFUSED'],
    );
    await rig.connection.close();
  });

  it('does not take a server that shuts down again and again (1001) for a client-id conflict', LIMIT, async () => {
    const fake = await serve((socket, index) => {
      socket.send(CONNACK);
      if (index < 6) socket.close(1001);
    });
    const rig = connectionRig(fake.url, {}, { startClean: false });
    await rig.open();
    await until(() => fake.sockets.length >= 7 && rig.connection.state === 'running');
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
  });

  it('reconnects after close 1009, a cut and a flood of pings, and answers pings', LIMIT, async () => {
    const pings = (socket: WebSocket, count: number): void => {
      for (let i = 0; i < count; i += 1) socket.ping();
    };
    let pongs = 0;
    const fake = await serve((socket, index) => {
      socket.on('pong', () => {
        if (index === 3) pongs += 1;
      });
      socket.send(CONNACK);
      if (index === 0) socket.close(1009);
      else if (index === 1) socket.terminate();
      else pings(socket, index === 2 ? 20_000 : 10);
    });
    const rig = connectionRig(fake.url, {}, { startClean: false });
    await rig.open();
    await until(() => fake.sockets.length === 4 && rig.connection.state === 'running');
    await until(() => pongs === 10);
    assert.equal(rig.connection.state, 'running');
    await rig.connection.close();
  });
});
