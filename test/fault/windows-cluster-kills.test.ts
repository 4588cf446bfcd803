import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeFaults } from '../support/cluster/cluster-faults.js';
import { WINDOWS_JOB } from '../support/cluster/cluster-jobs.js';
import { ClusterRig } from '../support/cluster/cluster-rig.js';
import { strikeAll } from '../support/cluster/cluster-rounds.js';
import { howMany } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { SeededRandom } from '../support/seeded-random.js';

/*
 * A job of three partitions on three nodes, each a process of its own: what a topic brings comes to one partition, and the windows of a key have
 * messages of all of them. So event time goes across an exchange, while the nodes that have partitions are killed, ended and stopped.
 */

const ROUNDS = howMany({ sample: 3, full: 20 });
describe('windows over an exchange on three nodes', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  it(`are those of all that was sent, each told once, while nodes are killed and stopped (SEED=${killSeed})`, async (t) => {
    const random = new SeededRandom(killSeed);
    const faults = nodeFaults(ROUNDS);
    await using rig = await ClusterRig.start({ jobs: [WINDOWS_JOB] });
    await strikeAll(rig, faults, { random, onRound: ({ what, ms }) => t.diagnostic(`${what}: ${Math.round(ms)} ms`) });
    await rig.settle();
    const [flow] = rig.flows;
    assert.ok(flow);
    const { sent, ...judged } = flow.report();
    assert.deepEqual(judged, { lost: [], duplicates: 0, phantoms: [], disordered: [], miscounted: [] });
    const { due, ...windows } = flow.windowsReport();
    t.diagnostic(`${sent} messages, ${due} windows`);
    assert.deepEqual(windows, { missing: [], wrong: [], duplicates: 0, disordered: [] });
    assert.ok(due > 10, 'windows have ended');
  });
});
