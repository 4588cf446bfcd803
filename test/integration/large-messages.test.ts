import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MqttSources } from '../../src/index.js';
import { startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { SourceDriver } from '../support/rigs/source-driver.js';

const KIB = 1024;

let clients = 0;
const sourceAt = (url: string, protocolVersion: 5 | 4, maximumPacketSize?: number) =>
  MqttSources.builder()
    .broker(url)
    .clientId(`large-${process.pid}-${++clients}`)
    .keepSession()
    .topic('#')
    .connectOptionsFn(() => ({
      protocolVersion,
      reconnectPeriod: 10,
      maxReconnectPeriod: 50,
      ...(maximumPacketSize === undefined ? {} : { properties: { maximumPacketSize } }),
    }))
    .mapToItemFn((_topic, message) => message.payload.byteLength)
    .build();

describe('G3: large messages', SUITE_LIMIT, () => {
  for (const version of [5, 4] as const) {
    it(`none is lost without a word: there is no limit that the user has not set (${version})`, async () => {
      await using broker = await startMosquitto();
      await using driver = await SourceDriver.open(sourceAt(broker.url, version));
      await using peer = await connectPeer(broker.port, { protocolVersion: 5 });
      const sizes = [1100 * KIB, 2000 * KIB, 5000 * KIB, 20_000 * KIB, 10];
      for (const size of sizes) await peer.publish('large', Buffer.alloc(size, 1), { qos: 1 });
      while (driver.items.length < sizes.length) await driver.consume(driver.items.length + 1);
      assert.deepEqual(driver.items, sizes);
    });

    it(`a packet above the limit that the user has set is named, with the way out (${version})`, async () => {
      await using broker = await startFakeBroker({
        subscribe: (client, { packetId }) => {
          client.send({ type: 'suback', packetId, reasonCodes: [1] });
          const message = { topic: 't', qos: 1, retain: false, dup: false, packetId: 1 } as const;
          client.send({ type: 'publish', payload: new Uint8Array(2000), ...message });
        },
      });
      await using driver = await SourceDriver.open(sourceAt(broker.url, version, 1000));
      const error = await driver.reader.failed;
      assert.equal(error?.code, 'PACKET_TOO_LARGE');
      assert.match(error?.advice ?? '', /properties\.maximumPacketSize/);
      const connect = broker.clients[0]?.connect;
      assert.equal(connect?.properties?.maximumPacketSize, version === 5 ? 1000 : undefined);
    });
  }

  it('no maximum is announced by default', async () => {
    await using broker = await startFakeBroker();
    await using driver = await SourceDriver.open(sourceAt(broker.url, 5));
    assert.ok(driver);
    assert.equal(broker.clients[0]?.connect?.properties?.maximumPacketSize, undefined);
    assert.equal(broker.clients[0]?.connect?.properties?.topicAliasMaximum, undefined, 'S10');
  });
});
