import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Engine, MqttSinks, Pipeline } from '../../src/index.js';
import { RowCodec } from '../../src/mqtt/sink/outbox/sender/row-codec.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const ITEMS = 300;
/** The broker has not had them when the first run ends. */
const LEFT = 5;

it(
  'exactly once, a row is sent as it was made: none is decoded in the run that made it, and each that is left once by the next',
  LIMIT,
  async (t) => {
    const decode = t.mock.method(RowCodec.prototype, 'decode');
    const encode = t.mock.method(RowCodec.prototype, 'encode');
    await using broker = await startMosquitto({ persistence: true });
    const witness = await startMosquittoSub({ port: broker.port, topic: 'rows/#', qos: 2, clientId: 'witness' });
    const dir = tempDir();
    const manual = new ManualSource<string>();
    const pipeline = Pipeline.create();
    pipeline.readFrom(manual.source).writeTo(
      MqttSinks.builder<string>({ messageFn: (text) => ({ topic: `rows/${text.length}`, payload: text }) })
        .broker(broker.url)
        .clientId('writer')
        .connectOptionsFn(() => ({ reconnectPeriod: 20, maxReconnectPeriod: 100 }))
        .build(),
    );
    const options = { name: 'rows', processingGuarantee: 'exactly-once' } as const;
    const pushed: string[] = [];
    const push = (count: number): void => {
      const from = pushed.length;
      const items = Array.from({ length: count }, (_, index) => `row ${from + index}`);
      pushed.push(...items);
      manual.push(...items);
    };
    const first = Engine.embedded({ dir });
    const job = first.newJob(pipeline, options);
    await job.whenRunning();
    push(ITEMS);
    await until(() => job.metrics().itemsDelivered === ITEMS);
    await broker.stop();
    push(LEFT);
    await until(() => manual.acknowledged === ITEMS + LEFT);
    await first.shutdown();
    assert.deepEqual([encode.mock.callCount(), decode.mock.callCount()], [ITEMS + LEFT, 0]);

    await broker.start();
    const second = Engine.embedded({ dir });
    const next = second.newJob(pipeline, options);
    await next.whenRunning();
    await until(() => next.metrics().itemsDelivered === LEFT);
    const seen = await witness.untilCount(ITEMS + LEFT);
    await second.shutdown();
    assert.deepEqual([encode.mock.callCount(), decode.mock.callCount()], [ITEMS + LEFT, LEFT]);
    assert.deepEqual(seen.map(({ text }) => text).sort(), pushed.sort());
    assert.ok(seen.every(({ topic, text }) => topic === `rows/${text.length}`));
  },
);
