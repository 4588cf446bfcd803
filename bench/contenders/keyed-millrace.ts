import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, Pipeline, Sinks } from 'millrace';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';

/** The sum and the highest value of each key, and an item for each new highest one. QoS 2 stands for the store. */
await serveContender(async ({ qos, messages, clientId, keys = 1 }) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-keyed-'));
  const numbers = gatedItems(messages);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(numbers.source)
    .groupingKey((number) => `sensor-${(Math.imul(number, 2654435761) >>> 0) % keys}`)
    .mapStateful(
      () => ({ count: 0, sum: 0, highest: Number.NEGATIVE_INFINITY }),
      (state, key, number) => {
        const value = (number * 7919) % 1000;
        state.count += 1;
        state.sum += value / 10;
        if (value <= state.highest) return undefined;
        state.highest = value;
        return { key, highest: value };
      },
    )
    .setName('totals')
    .writeTo(Sinks.noop());
  const engine = qos === 2 ? Engine.embedded({ dir }) : Engine.embedded();
  const job = engine.newJob(pipeline, {
    name: clientId,
    processingGuarantee: qos === 2 ? 'exactly-once' : 'none',
  });
  await job.whenRunning();
  return {
    run: () => {
      numbers.open();
      return job.join();
    },
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
