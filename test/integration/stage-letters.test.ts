import assert from 'node:assert/strict';
import { it } from 'node:test';
import { z } from 'zod';
import { AggregateOperations, DeadLetters, Engine, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const READING = z.object({ device: z.string(), degrees: z.number() });

it(
  'exactly once, what a stage rejects is at its topic, and what it did to a state is undone, over a restart too',
  LIMIT,
  async () => {
    const broker = await startMosquitto();
    const dir = tempDir();
    const out = await startMosquittoSub({ port: broker.port, topic: 'averages/#' });
    const letters = await startMosquittoSub({ port: broker.port, topic: 'dead' });
    const pipeline = Pipeline.create();
    const deadLetter = DeadLetters.topic({ broker: broker.url, clientId: 'dead-writer', topic: 'dead' });
    const source = MqttSources.builder({ topic: 'readings/+', qualityOfService: 2 })
      .broker(broker.url)
      .clientId('reader')
      .keepSession()
      .mapToItemFn((_topic, message) => message.json());
    pipeline
      .readFrom(source.build())
      .schema(READING, { onError: { deadLetter } })
      .groupingKey(({ device }) => device)
      .rollingAggregate(AggregateOperations.averaging(({ degrees }) => degrees))
      .setName('averages')
      .peek(({ value }) => {
        if (value > 100) throw new Error('too hot');
      }, { onError: { deadLetter } }) // biome-ignore format: one stage
      .setName('check')
      .map(({ key, value }) => ({ topic: `averages/${key}`, payload: String(value) }))
      .writeTo(
        MqttSinks.builder<{ topic: string; payload: string }>({ messageFn: (message) => message })
          .broker(broker.url)
          .clientId('writer')
          .build(),
      );
    const reading = (degrees: unknown): string => JSON.stringify({ device: 'oven', degrees });
    const send = (...degrees: readonly unknown[]) =>
      publishAll({ port: broker.port, topic: 'readings/oven', args: ['-q', '2'] }, degrees.map(reading));
    const engine = () => Engine.embedded({ dir });
    const options = { name: 'stages', processingGuarantee: 'exactly-once' } as const;
    const first = engine();
    const job = first.newJob(pipeline, options);
    await job.whenRunning();
    await send(10, 'warm', 20, 1_000);
    const firstLetters = await letters.untilCount(2);
    await first.shutdown();
    const second = engine();
    await second.newJob(pipeline, options).whenRunning();
    await send(30);
    const averages = await out.untilCount(3);
    await second.shutdown();
    // 1,000 has left no trace in the average
    assert.deepEqual(averages.map(({ text }) => text), ['10', '15', '20']); // biome-ignore format: one line
    assert.deepEqual(firstLetters.map(({ text }) => text).sort(), ['{"device":"oven","degrees":"warm"}', '{"key":"oven","value":343.3333333333333}']); // biome-ignore format: one line
  },
);

it(
  'exactly once, a call that a timer led to and that fails behind a restart is at its topic once, and the others go on',
  LIMIT,
  async () => {
    const broker = await startMosquitto();
    const dir = tempDir();
    const out = await startMosquittoSub({ port: broker.port, topic: 'alarms/#' });
    const letters = await startMosquittoSub({ port: broker.port, topic: 'dead' });
    const asked: string[] = [];
    let ask = (_device: string): Promise<string> => new Promise(() => {});
    const pipelineOf = (): Pipeline => {
      const pipeline = Pipeline.create();
      const deadLetter = DeadLetters.topic({ broker: broker.url, clientId: 'dead-writer', topic: 'dead' });
      const source = MqttSources.builder({ topic: 'readings/+', qualityOfService: 2 })
        .broker(broker.url)
        .clientId('reader')
        .keepSession()
        .mapToItemFn((topic) => topic.slice('readings/'.length));
      pipeline
        .readFrom(source.build())
        .groupingKey((device) => device)
        .mapStateful(
          () => ({}),
          (_state, _device, _item, timers) => timers.set('silent', timers.now),
          { onTimer: (_state, device) => device },
        )
        .setName('silence')
        .mapAsync((device) => {
          asked.push(device);
          return ask(device);
        }, { onError: { deadLetter } }) // biome-ignore format: one stage
        .setName('owner')
        .map((owner) => ({ topic: `alarms/${owner}`, payload: 'silent' }))
        .writeTo(
          MqttSinks.builder<{ topic: string; payload: string }>({ messageFn: (message) => message })
            .broker(broker.url)
            .clientId('writer')
            .build(),
        );
      return pipeline;
    };
    const options = { name: 'silence', processingGuarantee: 'exactly-once' } as const;
    const first = Engine.embedded({ dir });
    const job = first.newJob(pipelineOf(), options);
    await job.whenRunning();
    for (const device of ['boiler', 'oven', 'press']) {
      await publishAll({ port: broker.port, topic: `readings/${device}`, args: ['-q', '2'] }, ['1']);
    }
    await until(() => asked.length === 3);
    await job.cancel();
    await first.shutdown();

    ask = async (device) => {
      if (device === 'oven') throw new Error('nobody owns it');
      return `owner-of-${device}`;
    };
    for (let runs = 0; runs < 2; runs += 1) {
      const engine = Engine.embedded({ dir });
      await engine.newJob(pipelineOf(), options).whenRunning();
      await out.untilCount(2);
      await letters.untilCount(1);
      await engine.shutdown();
    }
    assert.deepEqual(out.messages.map(({ topic }) => topic).sort(), [
      'alarms/owner-of-boiler',
      'alarms/owner-of-press',
    ]);
    assert.deepEqual(letters.messages.map(({ text }) => text), ['oven']); // biome-ignore format: one line
    assert.deepEqual(asked.slice(3).sort(), ['boiler', 'oven', 'press']);
  },
);
