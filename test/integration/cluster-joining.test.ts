import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openKvBucket } from '../../src/cluster/jetstream/open-kv-bucket.js';
import { MANIFEST_KEY, nodeKey } from '../../src/cluster/members/entry-codec.js';
import { Engine, Pipeline, Sinks, TestSources } from '../../src/index.js';
import { NatsClient } from '../../src/nats/index.js';
import { jobKey } from '../../src/store/job-key.js';
import { onCleanup } from '../support/cleanup.js';
import { has, type JobNode, joinJob } from '../support/cluster/job-node.js';
import { PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { NatsProxy } from '../support/nats/nats-proxy.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/*
 * A node is to end while it joins a job, and its server, a real one behind a proxy, does not answer.
 */

const skip = natsAbsence() ?? false;
const JOB = 'late';
/** Far below the half minute that servers have to answer who joins. */
const GIVEN_UP_MS = 15_000;

const idle = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(Sinks.noop());
  return pipeline;
};

const join = async (servers: string, nodeId: string): Promise<JobNode> => {
  const engine = await Engine.cluster({ servers, nodeId, replicas: 1 });
  onCleanup(() => engine.shutdown());
  return joinJob(engine, idle(), { name: JOB });
};

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

/** What the proxy holds first of what a node sends: all before it has its answer. */
const STEPS = [
  ['the making of its bucket', `STREAM.CREATE.KV_mr-${jobKey(JOB, 40)}`],
  ['the writing of the manifest', `$KV.mr-${jobKey(JOB, 40)}.${MANIFEST_KEY}`],
  ['the writing of itself', `$KV.mr-${jobKey(JOB, 40)}.${nodeKey('one')}`],
] as const;

describe('a node that joins a job on a cluster whose server does not answer', { skip, ...SUITE_LIMIT }, () => {
  for (const [what, text] of STEPS) {
    it(`ends soon when the job is cancelled during ${what}, and joins it anew when the server answers`, async () => {
      await using nats = await startNats();
      const [server] = nats.servers;
      assert.ok(server);
      const proxy = await NatsProxy.start(server);
      const letGo = proxy.hold(text);
      const { engine, job } = await join(proxy.url, 'one');
      await proxy.held();
      assert.equal(job.status, 'STARTING');
      const before = performance.now();
      await rejectsWith('CLUSTER_UNREACHABLE', job.cancel('enough'));
      assert.ok(performance.now() - before < GIVEN_UP_MS);
      assert.equal(job.status, 'FAILED');
      assert.equal((await rejectsWith('ABORTED', job.join())).cause, 'enough');
      letGo();
      const again = joinJob(engine, idle(), { name: JOB });
      await again.job.whenRunning();
      assert.ok(!has(again, 'ended-before'), 'the others have not heard of it');
      await again.job.cancel();
    });

    it(`ends soon when its engine is shut down during ${what}, and has nothing left open`, async () => {
      await using nats = await startNats();
      const [server] = nats.servers;
      assert.ok(server);
      const proxy = await NatsProxy.start(server);
      const open = { sockets: sockets(), timers: timers() };
      proxy.hold(text);
      const { engine, job } = await join(proxy.url, 'one');
      await proxy.held();
      assert.equal(job.status, 'STARTING');
      const before = performance.now();
      await engine.shutdown();
      assert.ok(performance.now() - before < GIVEN_UP_MS);
      assert.equal(job.status, 'FAILED');
      await rejectsWith('ABORTED', job.join());
      const left = () => `${process.getActiveResourcesInfo()}, were ${JSON.stringify(open)}`;
      await until(() => sockets() <= open.sockets && timers() <= open.timers, { timeoutMs: GIVEN_UP_MS, what: left });
      const other = await join(server.url, 'other');
      await other.job.whenRunning();
      await other.engine.shutdown();
    });
  }

  it('asks nothing again when it has given up', async () => {
    await using nats = await startNats();
    const [server] = nats.servers;
    assert.ok(server);
    const proxy = await NatsProxy.start(server);
    const client = await NatsClient.open({ servers: proxy.url });
    onCleanup(() => client.close());
    const giveUp = new AbortController();
    const options = { key: 'given-up', replicas: 1, patienceMs: PATIENCE_MS, signal: giveUp.signal };
    const bucket = await openKvBucket(client, options);
    proxy.hold();
    const asked = Promise.allSettled([bucket.get('part.0'), openKvBucket(client, options)]);
    await proxy.held();
    const before = performance.now();
    giveUp.abort('enough');
    const outcomes = await asked;
    assert.ok(performance.now() - before < GIVEN_UP_MS);
    assert.deepEqual(outcomes, Array(2).fill({ status: 'rejected', reason: 'enough' }));
  });

  it('ends soon when its engine is shut down while the server stands still and the node tries again', async () => {
    await using nats = await startNats();
    const [server] = nats.servers;
    assert.ok(server);
    const engine = await Engine.cluster({ servers: server.url, replicas: 1 });
    onCleanup(() => engine.shutdown());
    server.suspend();
    const { job } = joinJob(engine, idle(), { name: JOB });
    // longer than a request to make the bucket waits for its answer
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    assert.equal(job.status, 'STARTING');
    const before = performance.now();
    await engine.shutdown();
    assert.ok(performance.now() - before < GIVEN_UP_MS);
    await rejectsWith('ABORTED', job.join());
    server.resume();
  });
});
