import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, Pipeline, Sinks } from 'millrace';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';

const BEGIN_MS = 1_700_000_000_000;
/** Timers are due within so long, in no order. */
const SPREAD_MS = 3_600_000;

/**
 * A timer for each item, each of another key, and then all of them fire: when the last item has come, all time is over. QoS 2 stands for the store.
 */
await serveContender(async ({ qos, messages, clientId }) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-timers-'));
  const items = gatedItems(messages);
  let startedAt = 0;
  let firstAt = 0;
  let endedAt = 0;
  let fired = 0;
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(items.source)
    .withTimestamps(() => BEGIN_MS, 0)
    .groupingKey((number) => `sensor-${number}`)
    .mapStateful(
      () => ({ silent: false }),
      (_state, _key, number, timers) => {
        timers.set('silence', BEGIN_MS + 1 + ((Math.imul(number, 2654435761) >>> 0) % SPREAD_MS));
      },
      {
        clock: 'event',
        onTimer: (state) => {
          if (fired === 0) firstAt = performance.now();
          fired += 1;
          state.silent = true;
        },
      },
    )
    .setName('silence')
    .writeTo(Sinks.noop());
  const isStored = qos === 2;
  const engine = isStored ? Engine.embedded({ dir }) : Engine.embedded();
  const job = engine.newJob(pipeline, { name: clientId, processingGuarantee: isStored ? 'exactly-once' : 'none' });
  await job.whenRunning();
  return {
    run: async () => {
      startedAt = performance.now();
      items.open();
      await job.join();
      endedAt = performance.now();
    },
    figures: () => ({ fired, setMs: firstAt - startedAt, fireMs: endedAt - firstAt }),
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
