import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InspectionReport } from '../../src/cli/inspect/inspection-report.js';
import { NatsClient } from '../../src/nats/index.js';
import { JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import { lookAtStream } from '../../src/store/jetstream/look-at-stream.js';
import { LmdbViews } from '../../src/store/lmdb/view/lmdb-views.js';
import { LogStores } from '../../src/store/log/log-stores.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { ClusterNode } from '../support/cluster/cluster-node.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { runCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const skip = natsAbsence();

describe('millrace inspect --cluster', { ...SUITE_LIMIT, skip }, () => {
  it('tells what a job has in its log at the servers, beside its node, which goes on as its owner', async () => {
    const nats = await startNats();
    const broker = await startMosquitto();
    const engine = { servers: nats.urls, nodeId: 'n1', leaseMs: 10_000, replicas: nats.replicas };
    const node = new ClusterNode({ engine, from: broker.url, to: broker.url });
    await node.start();
    await until(() => node.has(0));
    const witness = await startMosquittoSub({ port: broker.port, topic: 'counting/out/#' });
    await publishAll({ port: broker.port, topic: 'counting/in/a', qos: 2 }, ['1', '2']);
    await publishAll({ port: broker.port, topic: 'counting/in/b', qos: 2 }, ['3']);
    await witness.untilCount(3);

    const line = ['inspect', '--cluster', nats.urls.join(','), '--job', 'counting'];
    const found = await until(async () => {
      const { stdout, stderr, code } = await runCli([...line, '--json']);
      assert.equal(code, 0, stderr.join('\n'));
      const report: InspectionReport = JSON.parse(stdout[0] ?? '');
      const [partition] = report.partitions;
      return partition?.contents?.sinks[0]?.outboxes[0]?.rows === 0 ? partition : undefined;
    });
    assert.equal(found.contents?.stages[0]?.keys, 2);
    assert.equal(found.contents?.sources[0]?.sessions[0]?.phase, 'established');
    assert.ok((found.log?.seq ?? 0) > 0);
    const people = await runCli(line);
    assert.match(people.stdout.join('\n'), /job counting, partition 0: log at \d+, epoch \d+/);

    await publishAll({ port: broker.port, topic: 'counting/in/a', qos: 2 }, ['4']);
    const last = await witness.untilCount(4);
    assert.equal(last.at(-1)?.text, '3 4');
    assert.deepEqual(
      node.lines.filter(({ kind }) => /lost|released|restarting/.test(kind)),
      [],
    );
    const none = await runCli(['inspect', '--cluster', nats.urls.join(','), '--job', 'none']);
    assert.deepEqual([none.code, none.stdout], [2, []]);
    await node.stop();
  });

  it('reads a snapshot at the servers, and the log behind it', async () => {
    const nats = await startNats();
    const client = await NatsClient.open({ servers: nats.urls });
    const views = await LmdbViews.open(tempDir('look-views'));
    const logs = new JetStreamLogs({ client, replicas: nats.replicas });
    const stores = new LogStores({ logs, views, snapshotBytes: 20_000, behindBytes: 1 });
    const store = await stores.open('job', 0);
    for (let n = 0; n < 300; n += 1) {
      await store.commit(
        new Map([
          ['n', Buffer.from(`${n}`)],
          [`key ${n % 10}`, Buffer.alloc(200, `${n} `)],
        ]),
      );
    }
    const place = { client, replicas: nats.replicas, job: 'job', partition: 0 };
    const { content, snapshot, problems } = await lookAtStream(place, async ({ records, log }) => {
      const all = new Map<string, string>();
      for await (const { key, value } of records.records(() => true)) all.set(key, Buffer.from(value).toString());
      return { content: all, snapshot: log?.snapshot, problems: records.problems };
    });
    assert.deepEqual(problems, []);
    assert.ok(snapshot !== undefined && snapshot.bytes > 0);
    const expected = [...store.range('', '~')].map(({ key, value }) => [key, Buffer.from(value).toString()] as const);
    assert.deepEqual(content, new Map(expected));
    await stores.close();
    await client.close();
  });
});
