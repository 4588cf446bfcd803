/*
 * Three NATS servers, two MQTT brokers and three nodes of one job, each a process of its own. While messages pour in, a node that has
 * something is killed with kill -9; the others take over, and it comes back. In the end a client that is not ours has counted what arrived.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureNatsServer } from '../../../scripts/nats-servers.js';
import { startMosquitto } from '../../../test/support/brokers/mosquitto.js';
import { endAll } from '../../../test/support/cleanup.js';
import { type MosquittoSub, startMosquittoSub } from '../../../test/support/clients/mosquitto-sub.js';
import { type Delivery, judgeDelivery } from '../../../test/support/delivery-oracle.js';
import { KillLoad } from '../../../test/support/kill/kill-load.js';
import { startNats } from '../../../test/support/nats/nats-cluster.js';
import { until } from '../../../test/support/until.js';
import type { ClusterDemoOptions } from '../demo-options.js';
import { ClusterView, grouped, nowhereOf } from './cluster-view.js';
import { DemoNode } from './demo-node.js';
import { LINES } from './lines.js';

/** What has not arrived so long after the last that did is lost. */
const LOST_AFTER_MS = 15_000;
/** For so long nothing more may arrive. */
const QUIET_MS = 1_000;

interface Parts {
  readonly nodes: readonly DemoNode[];
  readonly load: KillLoad;
  readonly view: ClusterView;
}

interface Takeover {
  readonly killed: string;
  readonly partitions: readonly number[];
  readonly takeoverMs: number;
}

/** Gives the exit code: 0 when nothing was lost, doubled or disordered. */
export async function runClusterDemo(options: ClusterDemoOptions): Promise<number> {
  try {
    return await play(options);
  } finally {
    await endAll();
  }
}

async function play({ seconds, rate, json }: ClusterDemoOptions): Promise<number> {
  if (!json) console.log('Starting three NATS servers, two brokers and three nodes; Ctrl+C ends them all.\n');
  const program = ensureNatsServer();
  ensureBroker();
  const [servers, from, to] = await Promise.all([startNats({ size: 3, program }), startMosquitto(), startMosquitto()]);
  const witness = await startMosquittoSub({ port: to.port, topic: 'plant/out/#', clientId: 'witness' });
  const load = new KillLoad({ port: from.port, prefix: 'plant', qos: 2, topics: LINES });
  const nodes = ['a', 'b', 'c'].map(
    (name) => new DemoNode(name, { servers: servers.urls, from: from.url, to: to.url }),
  );
  const counts = () => ({ sent: load.sent.length, arrived: witness.messages.length });
  const view = new ClusterView(nodes, counts, json);

  for (const node of nodes) node.start();
  view.start();
  await settled(nodes);
  view.say(`The job in a browser, by node: ${nodes.map(({ name, page }) => `${name} ${page}`).join('  ')}`);
  view.say(`${LINES.length} partitions run on ${nodes.length} nodes; ${grouped(rate)} messages a second from now on`);
  load.pour(rate);
  const took = await disturb({ nodes, load, view }, seconds);
  await load.stop();
  await caughtUp(witness, load.sent.length);
  view.stop();
  await Promise.all(nodes.map((node) => node.end()));

  const found = judgeDelivery(
    load.sent,
    witness.messages.map(({ topic, text }) => ({ topic: topic.replace('plant/out/', ''), text })),
  );
  const commits = nodes.reduce((sum, node) => sum + node.commits, 0);
  const result = { ...counts(), ...summaryOf(found), commits, ...took };
  console.log(json ? JSON.stringify(result) : textOf(result));
  return result.lost + result.twice + result.foreign + result.disordered === 0 ? 0 : 1;
}

/** What it cannot install it says on stderr, with the command to run. */
function ensureBroker(): void {
  const commands = ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'];
  execFileSync(process.execPath, ['scripts/ensure-mosquitto.mjs', ...commands], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The kill in the middle of the load, what comes of it, and the rest of the time. */
async function disturb({ nodes, view }: Parts, seconds: number): Promise<Takeover> {
  const restMs = (seconds * 1000) / 3;
  await sleep(restMs);
  const victim = nodes.find(({ partitions }) => partitions.length > 0);
  if (victim === undefined) throw new Error('no node has a partition');
  const { name, partitions } = victim;
  const killedAt = performance.now();
  await victim.kill();
  view.say(`kill -9 of node ${name}, which had the partitions ${partitions.join(', ')}`);
  await everywhere(nodes, () => nowhereOf(nodes).length === 0);
  const takeoverMs = Math.round(performance.now() - killedAt);
  const takers = nodes.filter((node) => node.partitions.some((partition) => partitions.includes(partition)));
  view.say(`they run at ${takers.map((node) => node.name).join(' and ')}, after ${(takeoverMs / 1000).toFixed(1)} s`);
  await sleep(restMs);
  victim.start();
  await settled(nodes);
  view.say(`node ${name} is back, and was given ${victim.partitions.join(', ')}`);
  await sleep(restMs);
  return { killed: name, partitions, takeoverMs };
}

/** Each partition runs, and they are evenly spread. */
const settled = (nodes: readonly DemoNode[]): Promise<void> => {
  const share = Math.floor(LINES.length / nodes.length);
  return everywhere(
    nodes,
    () => nowhereOf(nodes).length === 0 && nodes.every(({ partitions }) => partitions.length >= share),
  );
};

async function everywhere(nodes: readonly DemoNode[], isSo: () => boolean): Promise<void> {
  await until(
    () => {
      for (const node of nodes) node.mustRun();
      return isSo();
    },
    { what: () => nodes.map(({ name, partitions }) => `${name} has ${partitions.join(' ')}`).join(', ') },
  );
}

/** All is there, or what is missing does not come any more; and nothing comes that is too much. */
async function caughtUp(witness: MosquittoSub, sent: number): Promise<void> {
  for (let seen = -1; witness.messages.length < sent && witness.messages.length > seen; ) {
    seen = witness.messages.length;
    await until(() => witness.messages.length >= sent || witness.messages.length > seen, {
      timeoutMs: LOST_AFTER_MS,
    }).catch(() => {});
  }
  await witness.untilQuiet(QUIET_MS);
}

const summaryOf = ({ lost, duplicates, phantoms, disordered }: Delivery) => ({
  lost: lost.length,
  twice: duplicates,
  /** Messages that nobody sent. */
  foreign: phantoms.length,
  disordered: disordered.length,
});

type Result = ReturnType<typeof summaryOf> &
  Takeover & { readonly sent: number; readonly arrived: number; readonly commits: number };

const textOf = ({ sent, arrived, lost, twice, foreign, disordered, commits, killed, takeoverMs }: Result): string => `
sent            ${grouped(sent)}, by mosquitto_pub
arrived         ${grouped(arrived)}, counted by mosquitto_sub
lost            ${grouped(lost)}
twice           ${grouped(twice)}
out of order    ${grouped(disordered)}${foreign === 0 ? '' : `\nsent by nobody  ${grouped(foreign)}`}
commits         ${grouped(commits)}, each on two of three servers at least
takeover        ${(takeoverMs / 1000).toFixed(1)} s from the kill of node ${killed} until all it had ran elsewhere`;
