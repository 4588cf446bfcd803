import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamName } from '../../src/store/jetstream/names.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { type MosquittoSub, startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { ClusterNode } from '../support/cluster/cluster-node.js';
import { judgeDelivery, type Letter } from '../support/delivery-oracle.js';
import { fullRun } from '../support/full-run.js';
import { KillLoad } from '../support/kill/kill-load.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

/*
 * Three NATS servers, two brokers and three nodes, each a process of its own. Messages pour in by mosquitto_pub, and mosquitto_sub sees what comes
 * out. What is killed, stopped or ended is drawn; the job must lose nothing, double nothing, and count right.
 */

const LEASE_MS = 1_500;
const ROUNDS = fullRun ? 30 : 6;
const PER_SECOND = 60;

class System {
  readonly servers: NatsCluster;
  readonly nodes: readonly ClusterNode[];
  readonly load: KillLoad;
  readonly #witness: MosquittoSub;

  private constructor(servers: NatsCluster, nodes: readonly ClusterNode[], load: KillLoad, witness: MosquittoSub) {
    this.servers = servers;
    this.nodes = nodes;
    this.load = load;
    this.#witness = witness;
  }

  static async start(protocolVersion: 4 | 5): Promise<System> {
    const [servers, from, to] = await Promise.all([startNats({ size: 3 }), startMosquitto(), startMosquitto()]);
    const nodes = ['a', 'b', 'c'].map((id) => nodeOf(id, { servers, from, to, protocolVersion }));
    const witness = await startMosquittoSub({ port: to.port, topic: 'out/#', clientId: 'witness' });
    const load = new KillLoad({ port: from.port, prefix: 'counting', qos: 2 });
    await Promise.all(nodes.map((node) => node.start()));
    const system = new System(servers, nodes, load, witness);
    await system.owner();
    return system;
  }

  /** The node that has the partition. */
  owner(): Promise<ClusterNode> {
    return until(() => this.nodes.find((node) => node.has(0)), {
      what: () =>
        `an owner:\n${this.nodes.map(({ id, lines, errors }) => `${id} ${JSON.stringify(lines.slice(-6))} ${errors.slice(-6).join('\n')}`).join('\n')}`,
    });
  }

  /** Another node has it. */
  async movedFrom(former: ClusterNode): Promise<void> {
    await until(() => this.nodes.some((node) => node !== former && node.has(0)), {
      what: `an owner other than ${former.id}`,
    });
  }

  /** What came out, without its counts, and whether those are right. */
  async judge(): Promise<void> {
    await this.load.stop();
    const { sent } = this.load;
    await this.#witness.untilCount(sent.length);
    await this.#witness.untilQuiet(1_000);
    const counts = new Map<string, number>();
    const seen = this.#witness.messages.map(({ topic, text }): Letter => {
      const level = topic.replace('out/', '');
      const [, count, letter = ''] = /^(\d+) (.*)$/.exec(text) ?? [];
      const expected = (counts.get(level) ?? 0) + 1;
      counts.set(level, expected);
      assert.equal(Number(count), expected, `the count of ${text} on ${topic}`);
      return { topic: level, text: letter };
    });
    assert.deepEqual(judgeDelivery(sent, seen), { lost: [], duplicates: 0, phantoms: [], disordered: [] });
  }
}

interface Around {
  readonly servers: NatsCluster;
  readonly from: Mosquitto;
  readonly to: Mosquitto;
  readonly protocolVersion: 4 | 5;
}

const nodeOf = (id: string, { servers, from, to, protocolVersion }: Around): ClusterNode =>
  new ClusterNode({
    engine: { servers: servers.urls, nodeId: id, leaseMs: LEASE_MS },
    from: from.url,
    to: to.url,
    protocolVersion,
  });

/** Each begins and ends with three servers and three nodes. */
const FAULTS: Readonly<Record<string, (system: System) => Promise<void>>> = {
  'kill -9 of the owner': async (system) => {
    const owner = await system.owner();
    await owner.kill();
    await system.movedFrom(owner);
    await owner.start();
  },
  'the owner stands still for longer than its lease, and wakes up': async (system) => {
    const owner = await system.owner();
    owner.signal('SIGSTOP');
    await system.movedFrom(owner);
    owner.signal('SIGCONT');
    await until(() => !owner.has(0));
  },
  'the owner stands still for less than its lease': async (system) => {
    const owner = await system.owner();
    owner.signal('SIGSTOP');
    await sleep(LEASE_MS / 3);
    owner.signal('SIGCONT');
  },
  'the owner is ended in order': async (system) => {
    const owner = await system.owner();
    await owner.handOver();
    await system.movedFrom(owner);
    await owner.start();
  },
  'kill -9 of the server that leads the log': async ({ servers }) => {
    const leader = await servers.leaderOf(streamName('counting', 0));
    await leader.kill();
    await sleep(500);
    leader.start();
    await servers.ready();
  },
  'kill -9 of a server that follows': async ({ servers }) => {
    const follower = await servers.followerOf(streamName('counting', 0));
    await follower.kill();
    await sleep(500);
    follower.start();
    await servers.ready();
  },
};

describe('a job on a cluster under kills', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  for (const version of [5, 4] as const) {
    it(`loses and doubles nothing on ${version === 5 ? '5.0' : '3.1.1'}, and counts right (SEED=${killSeed})`, async () => {
      const random = new SeededRandom(killSeed + version);
      const system = await System.start(version);
      system.load.pour(PER_SECOND);
      const names = Object.keys(FAULTS);
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = names[round] ?? random.pick(names);
        await FAULTS[name]?.(system);
        await system.owner();
        await sleep(200 + random.below(500));
      }
      await system.judge();
      console.log(`${system.load.sent.length} messages, ${ROUNDS} faults`);
    });
  }
});
