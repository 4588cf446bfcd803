import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { type ClusterJobSpec, LEVELS } from '../support/cluster/cluster-jobs.js';
import { ClusterNode } from '../support/cluster/cluster-node.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;
const LEASE_MS = 1_000;
const QUIET_MS = 500;
const PARTITIONS = 2;
const ITEMS = 150;
const TOTAL = PARTITIONS * ITEMS;
const PER_LEVEL = TOTAL / LEVELS.length;
/** A node is killed when so much has come out: at the last one all that is left is that all have ended, and are told so. */
const KILLS = [0.1, 0.4, 0.7, 1];

const JOB: ClusterJobSpec = {
  name: 'finite',
  title: 'a count for each key, of sources that end',
  protocolVersion: 5,
  counts: true,
  partitions: PARTITIONS,
  items: ITEMS,
};

describe('sources that end, in a job whose items change their partition, on a NATS server', {
  skip,
  ...SUITE_LIMIT,
}, () => {
  it('complete it on all nodes, of which one is killed again and again, and each item is counted once', async (t) => {
    await using nats = await startNats();
    await using broker = await startMosquitto();
    await using witness = await startMosquittoSub({ port: broker.port, topic: 'finite/out/#', clientId: 'witness' });
    const nodes = ['a', 'b'].map(
      (nodeId) =>
        new ClusterNode({
          engine: { servers: nats.urls, nodeId, leaseMs: LEASE_MS, replicas: 1 },
          jobs: [JOB],
          from: broker.url,
          to: broker.url,
        }),
    );
    for (const node of nodes) await node.start();
    const hasEnded = (node: ClusterNode): boolean => node.lines.some(({ kind }) => kind === 'completed');
    for (const [index, part] of KILLS.entries()) {
      await witness.untilCount(Math.floor(part * TOTAL));
      const victim = nodes[index % nodes.length];
      assert.ok(victim);
      t.diagnostic(`killed at ${witness.messages.length} of ${TOTAL}, ${hasEnded(victim) ? 'completed' : 'running'}`);
      await victim.kill();
      await victim.start();
    }
    const told = () => nodes.map(({ lines, errors }) => JSON.stringify([lines.slice(-8), errors.slice(-5)])).join('\n');
    await until(() => nodes.every(hasEnded), { what: () => `the end of the job at all nodes:\n${told()}` });
    await witness.untilQuiet(QUIET_MS);
    for (const level of LEVELS) {
      const lines = witness.messages.filter(({ topic }) => topic === `finite/out/${level}`).map(({ text }) => text);
      const counts = lines.map((line) => Number(line.split(' ')[0]));
      assert.deepEqual(
        counts,
        Array.from({ length: PER_LEVEL }, (_, count) => count + 1),
        `counts of ${level}`,
      );
      assert.equal(new Set(lines.map((line) => line.split(' ')[1])).size, PER_LEVEL, `items of ${level}, each once`);
    }
    await Promise.all(nodes.map((node) => node.kill()));
  });
});
