import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LIMIT, PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { type RigBrokers, startBridge, startRigBrokers, stopRigBrokers } from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

let brokers: RigBrokers;

describe('the life of a job between real brokers', SUITE_LIMIT, () => {
  before(async () => {
    brokers = await startRigBrokers();
  });
  after(() => stopRigBrokers(brokers));

  for (const [qos, version] of [
    [1, 5],
    [2, 5],
    [1, 4],
    [2, 4],
  ] as const) {
    it(
      `loses nothing when it is suspended while its sink hangs, at QoS ${qos} on version ${version}`,
      LIMIT,
      async () => {
        await using rig = await startBridge(brokers, { qos, version, job: { drainTimeoutMs: 200 } });
        await rig.publish(50);
        await until(() => rig.job.metrics().itemsAcknowledged === 50, { what: () => rig.describe() });
        rig.sink.blackhole('both');
        await rig.publish(400);
        await until(() => rig.job.metrics().itemsInFlight > 0, { what: () => rig.describe() });
        assert.equal(await rig.job.suspend(), false);
        await rig.publish(100);
        rig.sink.heal();
        await rig.job.resume();
        const { lost, phantoms } = await rig.settle();
        assert.deepEqual({ lost, phantoms }, { lost: [], phantoms: [] });
      },
    );

    it(
      `neither loses nor doubles when it is restarted under load, at QoS ${qos} on version ${version}`,
      LIMIT,
      async () => {
        await using rig = await startBridge(brokers, { qos, version, job: { drainTimeoutMs: PATIENCE_MS } });
        for (let restart = 0; restart < 3; restart += 1) {
          const publishing = rig.publish(200);
          await rig.job.restart();
          await publishing;
        }
        assert.deepEqual(await rig.settle(), { lost: [], duplicates: 0, phantoms: [], disordered: [] });
      },
    );
  }

  it('fails within the drain timeout when its source fails while its sink hangs', LIMIT, async () => {
    await using rig = await startBridge(brokers, {
      sourceConnect: { autoReconnect: false, reconnectPeriod: undefined, maxReconnectPeriod: undefined },
      job: { drainTimeoutMs: 300 },
    });
    rig.sink.blackhole('both');
    await rig.publish(3000);
    await until(() => rig.job.metrics().itemsInFlight > 500, { what: () => rig.describe() });
    rig.source.cutAll();
    await until(() => rig.failure !== undefined, { what: () => rig.describe() });
    assert.equal(rig.failure?.code, 'CONNECTION_LOST');
  });
});
