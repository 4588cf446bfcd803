import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { TransportListener } from '../../src/mqtt/connection/transport/transport.js';
import { WebSocketTransport } from '../../src/mqtt/connection/transport/web-socket-transport.js';
import { onCleanup } from '../support/cleanup.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;

/** A transport that is not started, and the socket at its other end. */
async function pair(): Promise<{ readonly transport: WebSocketTransport; readonly server: WebSocket }> {
  const listening = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onCleanup(() => {
    for (const client of listening.clients) client.terminate();
    listening.close();
  });
  let server: WebSocket | undefined;
  listening.on('connection', (socket) => {
    server = socket;
    socket.on('error', () => {});
  });
  await until(() => listening.address() !== null);
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  let transport: WebSocketTransport | undefined;
  client.once('open', () => {
    transport = new WebSocketTransport(client, { protocol: 'ws', host: '127.0.0.1', port, path: '' }, () => false);
  });
  const made = await until(() => transport);
  return { transport: made, server: await until(() => server) };
}

/** What is handed on; `onData` may stop it. */
function recorder(onData: (bytes: Uint8Array) => void = () => {}) {
  const told = { bytes: 0, pieces: 0, ends: 0, largest: 0, sum: 0 };
  const listener: TransportListener = {
    onData: (bytes) => {
      assert.equal(told.ends, 0, 'W3: nothing comes behind the end');
      told.pieces += 1;
      told.bytes += bytes.length;
      told.largest = Math.max(told.largest, bytes.length);
      told.sum += bytes[0] ?? 0;
      onData(bytes);
    },
    onDrain: () => {},
    onEnd: () => {
      told.ends += 1;
    },
  };
  return { told, listener };
}

describe('X5: WebSocket transport', SUITE_LIMIT, () => {
  it('keeps little of what comes before it is started, and hands on all of it then', async () => {
    const { transport, server } = await pair();
    const frame = new Uint8Array(MIB).fill(1);
    for (let count = 0; count < 64; count += 1) server.send(frame);
    // what the kernel takes for both ends is far below it
    await until(() => server.bufferedAmount < 63 * MIB);
    let last = -1;
    await until(() => {
      const stands = server.bufferedAmount === last;
      last = server.bufferedAmount;
      return stands;
    });
    assert.ok(server.bufferedAmount > 32 * MIB, `${server.bufferedAmount} bytes are left at the server`);
    const { told, listener } = recorder();
    transport.start(listener);
    await until(() => told.bytes === 64 * MIB);
    await transport.close(1000);
  });

  it('hands a large frame on in pieces, and none of them to who has stopped reading', async () => {
    const { transport, server } = await pair();
    const { told, listener } = recorder(() => transport.setReading(false));
    transport.start(listener);
    server.send(new Uint8Array(4 * MIB).fill(1));
    await until(() => told.pieces === 1);
    server.close(1000);
    for (let pieces = 2; pieces <= 64; pieces += 1) {
      transport.setReading(true);
      await until(() => told.pieces === pieces);
    }
    assert.deepEqual([told.bytes, told.largest, told.sum], [4 * MIB, 64 * 1024, 64]);
    transport.setReading(true);
    await until(() => told.ends === 1);
  });

  it('keeps nothing of what comes after close', async () => {
    const { transport, server } = await pair();
    const closing = transport.close(5000);
    for (let count = 0; count < 20; count += 1) server.send(new Uint8Array(MIB));
    await closing;
    const { told, listener } = recorder();
    transport.start(listener);
    assert.equal(told.bytes, 0);
  });
});
