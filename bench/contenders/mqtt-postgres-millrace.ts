import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, MqttSources, Pipeline, Subscription } from 'millrace';
import { PostgresSinks } from 'millrace/postgres';
import { outboxRows } from '../support/bridge-millrace.js';
import { serveContender } from '../support/contender.js';
import { FILTER } from '../support/workload.js';

const POLL_MS = 5;

interface Row {
  readonly topic: string;
  readonly payload: string;
}

/* A backlog of a broker into a table, exactly once; `window` is that of the connection. */
await serveContender(async ({ url, toUrl, qos, messages, window, clientId }) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-mqtt-rows-'));
  const engine = Engine.embedded({ dir });
  const source = MqttSources.builder()
    .clientId(clientId)
    .broker(url)
    .subscriptions(Subscription.of(FILTER, qos))
    .keepSession()
    .onUnknownSession('adopt')
    .connectOptionsFn(() => ({ properties: { receiveMaximum: window } }))
    .mapToItemFn((topic, message): Row => ({ topic, payload: message.toString() }))
    .build();
  const columns = ['topic', 'payload'];
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source)
    .writeTo(PostgresSinks.table<Row>({ connection: toUrl, table: 'messages', columns, createTable: true }));
  return {
    run: async () => {
      const job = engine.newJob(pipeline, { name: clientId, processingGuarantee: 'exactly-once' });
      await job.whenRunning();
      while (job.metrics().itemsAcknowledged < messages || outboxRows(job) > 0) await sleep(POLL_MS);
      await job.drain();
    },
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
