import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLUSTER_FAULTS } from '../support/cluster/cluster-faults.js';
import { CLUSTER_JOBS } from '../support/cluster/cluster-jobs.js';
import { ClusterRig } from '../support/cluster/cluster-rig.js';
import { strikeAll } from '../support/cluster/cluster-rounds.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNatsBroker } from '../support/nats/nats-broker.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { SeededRandom } from '../support/seeded-random.js';

/*
 * What cluster-kills does, for the faults after which a session has two claimants, with a broker to read from that is not mosquitto.
 */

const TAKEOVERS = [
  'the node that has a partition is killed (SIGKILL)',
  'the node that has a partition stands still (SIGSTOP) for longer than a lease',
  'the node that has a partition is in a black hole, by the servers alone, for longer than a lease',
];

describe('a job on a cluster that reads from a NATS server as a broker', {
  ...SUITE_LIMIT,
  skip: natsAbsence() ?? false,
}, () => {
  it(`loses and doubles nothing over takeovers, and counts right (SEED=${killSeed})`, async (t) => {
    const jobs = CLUSTER_JOBS.filter(
      ({ counts, partitions, protocolVersion }) => counts && partitions === 1 && protocolVersion === 4,
    );
    await using rig = await ClusterRig.start({ jobs, from: await startNatsBroker() });
    const faults = CLUSTER_FAULTS.filter(({ what }) => TAKEOVERS.includes(what));
    assert.equal(faults.length, TAKEOVERS.length);
    await strikeAll(rig, faults, { random: new SeededRandom(killSeed) });
    await rig.settle();
    for (const flow of rig.flows) {
      // what was under way at a takeover is sent again behind later ones: the order is that broker's
      const { sent, disordered, ...judged } = flow.report();
      t.diagnostic(`${sent} messages, ${disordered.length} out of order`);
      assert.deepEqual(judged, { lost: [], duplicates: 0, phantoms: [], miscounted: [] });
    }
  });
});
