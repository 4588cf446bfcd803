import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeOf, nodeKey } from '../../src/cluster/members/entry-codec.js';
import { MqttSinks, MqttSources, Pipeline, QualityOfService } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { type JobNode, joinJob, quickEngine } from '../support/cluster/job-node.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

function startNode(memory: MemoryCluster, node: string, pipeline: Pipeline): JobNode {
  const engine = quickEngine({ place: memory.place(), node, standbys: 1 });
  return joinJob(engine, pipeline, { name: 'standing by', processingGuarantee: 'exactly-once' });
}

const runningFrom = ({ events }: JobNode): string | undefined =>
  events.flatMap((event) => (event.kind === 'partition-running' ? [String(event.from)] : [])).at(-1);

/** The node says of itself that its view is near the end of the log. */
async function isWarm(memory: MemoryCluster, name: string): Promise<void> {
  const bucket = await memory.place().openBucket('standing by', new AbortController().signal);
  await until(async () => {
    const entry = await bucket.get(nodeKey(name));
    const change = entry && changeOf(entry, 0);
    return change?.type === 'beat' && change.beat.warm.includes(0);
  });
}

describe('a standby', SUITE_LIMIT, () => {
  it('has the state of a partition at hand, and goes on from there when the owner leaves', async () => {
    const memory = new MemoryCluster();
    const broker = await startMosquitto();
    const counts: number[] = [];
    const counting = (): Pipeline => {
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(
          MqttSources.builder()
            .clientId('counter')
            .broker(broker.url)
            .topic('in')
            .qualityOfService(QualityOfService.EXACTLY_ONCE)
            .keepSession()
            .mapToItemFn((_, payload) => payload.toString())
            .build(),
        )
        .groupingKey(() => 'all')
        .mapStateful(
          () => ({ seen: 0 }),
          (state) => {
            state.seen += 1;
            counts.push(state.seen);
            return state.seen;
          },
        )
        .setName('count')
        .writeTo(MqttSinks.builder<number>().clientId('counter-out').broker(broker.url).topic('out').build());
      return pipeline;
    };
    const owner = startNode(memory, 'a', counting());
    await owner.job.whenRunning();
    const standby = startNode(memory, 'b', counting());
    await standby.job.whenRunning();
    const peer = await connectPeer(broker.port, { clientId: 'publisher' });
    await peer.publishAll('in', Array.from({ length: 20 }, String), { qos: 2 });
    await until(() => counts.length === 20);
    await isWarm(memory, 'b');
    await owner.engine.shutdown();
    await until(() => runningFrom(standby) !== undefined);
    assert.equal(runningFrom(standby), 'view');
    await peer.publishAll('in', ['more'], { qos: 2 });
    await until(() => counts.length > 20);
    assert.deepEqual(
      counts,
      Array.from({ length: 21 }, (_, index) => index + 1),
    );
  });
});
