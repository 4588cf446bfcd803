import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateOperations, Engine, Pipeline, Sinks, WindowDefinition } from 'millrace';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';
import { medianOf, sampleRss } from '../support/sample-rss.js';
import { degreesOf, windowedItems } from '../support/windowed-items.js';

/** Averages by key in windows of time. QoS 2 stands for the store. */
await serveContender(async (task) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-windows-'));
  const items = gatedItems(task.messages);
  const { windows, keyOf, timeOf } = windowedItems(task);
  let results = 0;
  const own = sampleRss(process.pid, 250, 'own');
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(items.source)
    .withTimestamps(timeOf, 0)
    .groupingKey(keyOf)
    .window(WindowDefinition.sliding(windows.sizeMs, windows.slideMs))
    .aggregate(AggregateOperations.averaging(degreesOf))
    .setName('averages')
    .map((result) => {
      results += 1;
      return result;
    })
    .writeTo(Sinks.noop());
  const isStored = task.qos === 2;
  const engine = isStored ? Engine.embedded({ dir }) : Engine.embedded();
  const job = engine.newJob(pipeline, {
    name: task.clientId,
    processingGuarantee: isStored ? 'exactly-once' : 'none',
  });
  await job.whenRunning();
  return {
    run: () => {
      items.open();
      return job.join();
    },
    figures: () => {
      const quarter = Math.floor(own.bytes.length / 4);
      const secondQuarter = medianOf(own.bytes.slice(quarter, 2 * quarter));
      const lastQuarter = medianOf(own.bytes.slice(3 * quarter));
      return { results, secondQuarter, lastQuarter, ownPeak: Math.max(...own.bytes) };
    },
    close: async () => {
      own.stop();
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
