import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { accept, acceptResumed, startFakeBroker } from '../support/brokers/fake-broker.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { SourceDriver } from '../support/rigs/source-driver.js';
import { until } from '../support/until.js';

const QUICK = { reconnectPeriod: 20, maxReconnectPeriod: 50 };
/** CONNACK, and SUBACK for one filter at QoS 0. */
const CONNACK = Buffer.from([0x20, 0x02, 0x00, 0x00]);

describe('connection: connectOptionsFn at each connect (S15)', () => {
  it('is asked once for each connection, and by build()', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => (client.index === 0 ? accept(client) : acceptResumed(client)),
    });
    let asked = 0;
    const source = MqttSources.builder()
      .broker(broker.url)
      .clientId('fresh')
      .keepSession()
      .topic('t')
      .connectOptionsFn(() => ({ ...QUICK, username: `u${asked++}`, password: 'p' }))
      .build();
    await using driver = await SourceDriver.open(source);
    for (let index = 0; index < 5; index += 1) {
      const client = await broker.client(index);
      await broker.packet(client, 'connect');
      assert.equal(client.connect?.username, `u${index + 1}`);
      await until(() => client.packets.length > 1 || index > 0);
      client.reset();
    }
    await broker.packet(await broker.client(5), 'connect');
    assert.ok(driver);
  });

  it('is retried when it throws, at the first connect too', LIMIT, async () => {
    await using broker = await startFakeBroker();
    let asked = 0;
    const source = MqttSources.builder()
      .broker(broker.url)
      .topic('t')
      .connectOptionsFn(() => {
        asked += 1;
        if (asked > 1 && asked < 5) throw new Error('the vault is away');
        return QUICK;
      })
      .build();
    await using driver = await SourceDriver.open(source);
    assert.ok(driver);
    assert.equal(asked, 5);
  });

  it('may give another presigned path and other headers, which the WebSocket handshake has', LIMIT, async () => {
    const seen: string[] = [];
    const http: Server = createServer();
    const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'mqtt' });
    sockets.on('connection', (socket, request) => {
      seen.push(`${request.url} ${request.headers['x-token']}`);
      socket.on('message', (bytes: Buffer) => {
        if (bytes[0] === 0x10) socket.send(CONNACK);
        const subscribe = bytes[0] === 0x82;
        if (subscribe) socket.send(Buffer.from([0x90, 0x03, bytes[2] ?? 0, bytes[3] ?? 0, 0x00]));
        if (subscribe && seen.length < 4) setTimeout(() => socket.terminate(), 20);
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onCleanup(async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.close();
    });
    const { port } = http.address() as AddressInfo;
    let asked = 0;
    const source = MqttSources.builder()
      .broker(`ws://127.0.0.1:${port}`)
      .topic('t')
      .qualityOfService(0)
      .connectOptionsFn(() => {
        asked += 1;
        return {
          ...QUICK,
          protocolVersion: 4,
          path: `/mqtt?signature=${asked}`,
          wsOptions: { headers: { 'X-Token': `t${asked}` } },
        };
      })
      .build();
    await using driver = await SourceDriver.open(source);
    await until(() => new Set(seen).size >= 3);
    assert.ok(driver);
    assert.match(seen.at(-1) ?? '', /^\/mqtt\?signature=(\d+) t\1$/);
    assert.equal(
      seen.some((line) => line.includes('signature=1 ')),
      false,
      'what build() was given is for build() only',
    );
  });
});
