import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import type { DeadLetter } from '../../src/connector/index.js';
import { Engine, MqttSources, Pipeline, Sinks, type StandardSchema } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

interface Reading {
  readonly device: string;
  readonly degrees: number;
}

const SCHEMAS: readonly (readonly [string, StandardSchema<Reading>])[] = [
  ['zod', z.object({ device: z.string(), degrees: z.number() })],
  ['valibot', v.object({ device: v.string(), degrees: v.number() })],
  ['arktype', type({ device: 'string', degrees: 'number' })],
];

it(
  'what does not fit the schema of a source is at its dead letter as it came, with topic and paths, and the rest goes on',
  LIMIT,
  async () => {
    const broker = await startMosquitto();
    for (const [name, schema] of SCHEMAS) {
      const out: Reading[] = [];
      const letters: DeadLetter[] = [];
      const pipeline = Pipeline.create();
      const source = MqttSources.builder()
        .broker(broker.url)
        .clientId(name)
        .topic('in/+')
        .keepSession()
        .schema(schema)
        .onError({ deadLetter: Sinks.list(letters) })
        .build();
      pipeline.readFrom(source).writeTo(Sinks.list(out));
      await using job = Engine.embedded().newJob(pipeline, { name });
      await job.whenRunning();
      const wrong = '{"device":"oven","degrees":"hunter2"}';
      await publishAll({ port: broker.port, topic: 'in/a' }, ['{"device":"a","degrees":1}', wrong, 'no JSON', '{}']);
      await publishAll({ port: broker.port, topic: 'in/b' }, ['{"device":"b","degrees":2}']);
      await until(() => out.length === 2 && letters.length === 3);
      assert.deepEqual(out, [
        { device: 'a', degrees: 1 },
        { device: 'b', degrees: 2 },
      ]);
      assert.deepEqual(
        letters.map(({ payload, attributes }) => [Buffer.from(payload ?? []).toString(), attributes.topic]),
        [wrong, 'no JSON', '{}'].map((text) => [text, 'in/a']),
      );
      const [misfit, noJson] = letters;
      assert.match(
        misfit?.error.message ?? '',
        /^schema failed on a message of topic "in\/a" at position 1: .* at degrees$/,
      );
      assert.deepEqual(misfit?.error.details.paths, ['degrees']);
      assert.doesNotMatch(JSON.stringify([misfit?.error, misfit?.error.stack]), /hunter2/);
      assert.match(noJson?.error.message ?? '', /^schema failed .* JSON/);
      assert.equal(job.status, 'RUNNING');
    }
  },
);
