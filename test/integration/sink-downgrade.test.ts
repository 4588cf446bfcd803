import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import { type FakeBroker, startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { LIMIT } from '../support/limits.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';

/** RabbitMQ 3.10: MQTT 3.1.1, and a QoS 2 PUBLISH is answered as if it were of QoS 1. */
async function startRabbit(taken: string[]): Promise<FakeBroker> {
  return await startFakeBroker({
    ...keepingScript(),
    publish: (client, { packetId, payload, qos }) => {
      taken.push(Buffer.from(payload).toString());
      if (qos > 0) client.send({ type: 'puback', packetId, reasonCode: 0 });
    },
  });
}

const sinkAt = (port: number, allowLowerQos: boolean) =>
  MqttSinks.builder<string>({
    broker: `mqtt://127.0.0.1:${port}`,
    clientId: 'out',
    topic: 't',
    allowLowerQos,
    qualityOfService: 2,
    connectOptionsFn: () => ({ protocolVersion: 4, reconnectPeriod: 20 }),
  }).build();

const upwards = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

/** How many connections had messages. */
const publishing = ({ clients }: FakeBroker): number =>
  clients.filter(({ packets }) => packets.some(({ type }) => type === 'publish')).length;

describe('a broker that answers a QoS 2 message with PUBACK', () => {
  it('is named in an exactly-once job, which doubles nothing in the next process either', LIMIT, async () => {
    const taken: string[] = [];
    await using broker = await startRabbit(taken);
    let store = new MemoryOutboxes();
    for (let start = 0; start < 2; start += 1) {
      const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port, false), store });
      if (start === 0) driver.add(...upwards(0, 200));
      await assert.rejects(driver.drain(), { code: 'GUARANTEE_UNSUPPORTED', retryable: false });
      await driver.close();
      store = store.reopen();
    }
    assert.ok(taken.length > 0 && taken.length < 200);
    assert.deepEqual(taken, upwards(0, taken.length), 'in order, each once');
    assert.equal(publishing(broker), 2, 'one connection for each start');
  });

  it('takes them at least once with allowLowerQos, and that is counted', LIMIT, async () => {
    const taken: string[] = [];
    await using broker = await startRabbit(taken);
    const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port, true), store: new MemoryOutboxes() });
    driver.add(...upwards(0, 50));
    await driver.drain();
    await driver.close();
    assert.deepEqual(taken, upwards(0, 50));
    assert.equal(publishing(broker), 1);
  });
});
