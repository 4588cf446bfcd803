/*
 * The factory of example 14 on three nodes, with the pipeline as it is. The node that reads is killed in the middle of the shift, and the
 * one that takes over is ended in order; the machines go on. What came out in the end is exactly what a plain loop makes of the same
 * messages: state by key, calls that were under way, letters and all.
 *
 *   npx tsx examples/17-cluster.ts
 */
import { deepEqual, equal } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Engine, type MillraceError } from 'millrace';
import { type ControlRoom, controlRoom } from './factory-telemetry/control-room.js';
import { model } from './factory-telemetry/model.js';
import { factoryTelemetry } from './factory-telemetry/pipeline.js';
import { startRegisterServer } from './factory-telemetry/register-server.js';
import { shift, type Telling } from './factory-telemetry/shift.js';
import { type ExampleNode, exampleNode } from './support/cluster-nodes.js';
import { startMosquitto } from './support/start-mosquitto.js';
import { startExampleServers } from './support/start-nats.js';
import { until } from './support/until.js';

/** The first partition reads, and the state of each quantity is in the partition of its key: on each node there is a third of it. */
const PARTITIONS = 3;
/** A node that was killed is taken over after a lease, three seconds; the rest is for slow machines. */
const TAKEOVER_SECONDS = 20;

/** What runs in each of the three processes. */
async function runNode(nodeId: string, servers: string, broker: string, register: string): Promise<void> {
  const engine = await Engine.cluster({ servers, nodeId });
  const job = engine.newJob(factoryTelemetry(broker, register), {
    name: 'telemetry',
    partitions: PARTITIONS,
    processingGuarantee: 'exactly-once',
    onEvent: (event) => {
      if (event.kind === 'partition-running' && event.partition === 0) process.send?.('owner');
      if (event.kind === 'partition-released' && event.partition === 0) process.send?.('none');
    },
  });
  process.once('SIGTERM', () => void engine.shutdown());
  await job.join().catch((error: MillraceError) => {
    // What this node had is handed over, and the job goes on at the others.
    if (error.code !== 'ABORTED') throw error;
  });
}

async function main(): Promise<void> {
  await using servers = await startExampleServers();
  if (servers === undefined) return;
  await using broker = await startMosquitto();
  await using register = await startRegisterServer();
  await using room = await controlRoom(broker.url);
  const open = (name: string) =>
    exampleNode(name, fileURLToPath(import.meta.url), servers.urls, broker.url, register.url);
  await using a = open('a');
  await using b = open('b');
  await using c = open('c');
  const nodes = [a, b, c];
  for (const node of nodes) node.start();
  await ownerOf(nodes);

  const told = shift();
  const { averages, alarms, letters } = model(told);
  const moves = await work(told, room, nodes);
  const count = told.length + [...alarms.values()].flat().length;
  await until(() => room.count >= count, 'averages, alarms and letters', TAKEOVER_SECONDS);

  deepEqual(room.heard, { averages, alarms, letters });
  equal(room.count, count);
  console.log(`${told.length} messages, ${moves.join(', then ')}: ${count} came out, as of a plain loop.`);
}

/** The shift. After a third of it the owner is killed, after two thirds the next one is ended; the machines do not wait for either. */
async function work(told: readonly Telling[], room: ControlRoom, nodes: readonly ExampleNode[]): Promise<string[]> {
  const moves: string[] = [];
  const third = Math.floor(told.length / 3);
  let moving = Promise.resolve();
  for (const [index, { topic, payload }] of told.entries()) {
    await room.publish(topic, payload);
    if (index !== third && index !== 2 * third) continue;
    const signal = index === third ? 'SIGKILL' : 'SIGTERM';
    moving = moving.then(async () => {
      const owner = await ownerOf(nodes);
      const code = await owner.end(signal);
      equal(code, signal === 'SIGTERM' ? 0 : null);
      const next = await ownerOf(nodes);
      moves.push(`${owner.name} ${signal === 'SIGTERM' ? 'ended' : 'killed'} and ${next.name} went on`);
    });
  }
  await moving;
  return moves;
}

async function ownerOf(nodes: readonly ExampleNode[]): Promise<ExampleNode> {
  await until(() => nodes.some(({ isOwner }) => isOwner), 'a node that reads', TAKEOVER_SECONDS);
  const owner = nodes.find(({ isOwner }) => isOwner);
  if (owner === undefined) throw new Error('nobody reads');
  return owner;
}

const [name, serverUrls, brokerUrl, registerUrl] = process.argv.slice(2);
if (name !== undefined && serverUrls !== undefined && brokerUrl !== undefined && registerUrl !== undefined)
  await runNode(name, serverUrls, brokerUrl, registerUrl);
else await main();
