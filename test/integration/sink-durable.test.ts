import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttSinks } from '../../src/sink/index.js';
import { DurableSinkDriver } from '../support/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/memory-outboxes.js';
import { startMosquitto } from '../support/mosquitto.js';
import { startMosquittoSub } from '../support/mosquitto-sub.js';

test('rows of one run are delivered, once and in order', { timeout: 30_000 }, async () => {
  await using broker = await startMosquitto();
  await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  const sink = MqttSinks.builder<string>().broker(broker.url).clientId('out').topic('t').build();
  const store = new MemoryOutboxes();
  const driver = await DurableSinkDriver.open({ sink, store });
  const items = Array.from({ length: 500 }, (_, i) => String(i));
  driver.add(...items);
  await driver.drain();
  await sub.untilCount(500);
  assert.deepEqual(sub.texts, items);
  await driver.close();
});
