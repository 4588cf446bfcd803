import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawFaults } from '../support/cluster/cluster-faults.js';
import { ClusterRig } from '../support/cluster/cluster-rig.js';
import { strikeAll } from '../support/cluster/cluster-rounds.js';
import { fullRun } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { breachesOfOneWriter } from '../support/nats/seen-log.js';
import { SeededRandom } from '../support/seeded-random.js';

/*
 * Three NATS servers, two brokers and three nodes, each a process of its own, and the network between them. Messages pour in by mosquitto_pub, and
 * mosquitto_sub sees what comes out. A few faults are drawn; the evidence plays all of them, again and again.
 */

const SAMPLE = 5;
const SAMPLE_OF_EACH = 7;

describe('jobs on a cluster under kills, stops and cuts', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  const programs = fullRun ? natsServersHere() : natsServersHere().slice(-1);
  const faults = drawFaults(new SeededRandom(killSeed), fullRun ? SAMPLE_OF_EACH * programs.length : SAMPLE);
  for (const [index, program] of programs.entries()) {
    const ours = faults.filter((_, at) => at % programs.length === index);
    it(`lose and double nothing, keep order and count right, on ${program.version} (SEED=${killSeed})`, async (t) => {
      const random = new SeededRandom(killSeed + index);
      await using rig = await ClusterRig.start({ program, standbys: random.below(2) });
      await strikeAll(rig, ours, { random, onRound: ({ what, ms }) => t.diagnostic(`${what}: ${Math.round(ms)} ms`) });
      await rig.settle();
      for (const flow of rig.flows) {
        const { spec } = flow;
        const { sent, ...judged } = flow.report();
        t.diagnostic(`${spec.name}: ${sent} messages`);
        assert.deepEqual(judged, { lost: [], duplicates: 0, phantoms: [], disordered: [], miscounted: [] }, spec.name);
      }
      for (const log of await rig.logs()) {
        assert.ok(log.records.length > 0, log.stream);
        assert.deepEqual(breachesOfOneWriter(log), []);
      }
    });
  }
});
