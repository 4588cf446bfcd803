import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { type CommandLine, type Peer, type PeerTask, peerArguments, type ReadyPeer } from './peer.js';
import { workshopOf } from './workshop.js';

const NODE_RED = '4.1.8';

const program = (command: string, ...args: readonly string[]): ReadyPeer => ({
  how: 'program',
  commandLine: async (task) => ({ command, args: [...args, ...peerArguments(task)] }),
});

const nodeProgram = (folder: string, ...args: readonly string[]): ReadyPeer =>
  program(process.execPath, join(workshopOf(folder).source, 'peer.mjs'), ...args);

/** All there are, Millrace first. Versions are those of the folders beside this file, and of package.json. */
export const PEERS: readonly Peer[] = [
  {
    title: 'Millrace, at least once',
    bridge: 'at least once over a crash of the process, in order',
    consume: 'at least once over a crash of the process, in order',
    prepare: async () => nodeProgram('millrace'),
  },
  {
    title: 'MQTT.js, `handleMessage`',
    bridge: 'at least once, one message at a time',
    consume: 'at least once, one message at a time',
    prepare: async () => nodeProgram('mqttjs', 'after'),
  },
  {
    title: 'MQTT.js, `message` event',
    bridge: 'acknowledged on receipt: a crash loses what is under way',
    consume: 'acknowledged on receipt: a crash loses what is under way',
    prepare: async () => nodeProgram('mqttjs', 'receipt'),
  },
  {
    title: "mosquitto's own bridge",
    bridge: 'acknowledged on receipt: a crash of the broker loses what it has in memory',
    consume: undefined,
    prepare: async () => ({ how: 'broker', config: bridgeConfig }),
  },
  {
    title: "HiveMQ's client for Java, manual acknowledgement",
    bridge: 'at least once over a crash of the process, in order',
    consume: 'at least once over a crash of the process, in order',
    prepare: prepareHiveMq,
  },
  {
    title: 'Paho for Go, manual acknowledgement',
    bridge: 'at least once over a crash of the process, in order',
    consume: 'at least once over a crash of the process, in order',
    prepare: preparePaho,
  },
  {
    title: 'rumqttc (Rust), manual acknowledgement',
    bridge: 'at least once over a crash of the process, in order; which answer is of which copy is left to its user',
    consume: 'at least once over a crash of the process, in order',
    prepare: prepareRumqttc,
  },
  {
    title: 'Node-RED',
    bridge: 'acknowledged on receipt: a crash loses what is under way',
    consume: 'acknowledged on receipt: a crash loses what is under way',
    prepare: prepareNodeRed,
  },
];

/** `cleansession` is false, as for all others: the session that the backlog is in. */
const bridgeConfig = ({ from, clientId, filter }: PeerTask): readonly string[] => [
  'connection bench',
  `address 127.0.0.1:${from}`,
  'bridge_protocol_version mqttv50',
  `remote_clientid ${clientId}`,
  'cleansession false',
  'try_private false',
  'notifications false',
  `topic ${filter} in 1`,
];

async function prepareHiveMq(): Promise<ReadyPeer> {
  const { source, cache, run } = workshopOf('hivemq');
  const [libraries, classes] = [join(cache, 'lib'), join(cache, 'classes')];
  if (!existsSync(libraries))
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`]);
  await run('javac', ['-cp', join(libraries, '*'), '-d', classes, join(source, 'Peer.java')]);
  return program('java', '-cp', `${classes}:${join(libraries, '*')}`, 'Peer');
}

async function preparePaho(): Promise<ReadyPeer> {
  const { cache, run } = workshopOf('paho');
  const binary = join(cache, 'peer');
  await run('go', ['build', '-o', binary, '.']);
  return program(binary);
}

async function prepareRumqttc(): Promise<ReadyPeer> {
  const { cache, run } = workshopOf('rumqttc');
  await run('cargo', ['build', '--release', '--quiet', '--locked', '--target-dir', cache]);
  return program(join(cache, 'release', 'bench-peer'));
}

async function prepareNodeRed(): Promise<ReadyPeer> {
  const { source, cache, run } = workshopOf('node-red');
  const main = join(cache, 'node_modules', 'node-red', 'red.js');
  if (!existsSync(main))
    await run('npm', ['install', '--prefix', cache, '--no-audit', '--no-fund', `node-red@${NODE_RED}`]);
  return {
    how: 'program',
    commandLine: async (task): Promise<CommandLine> => {
      const home = tempDir('bench-node-red');
      const { stdout } = await promisify(execFile)(process.execPath, [
        join(source, 'flow.mjs'),
        ...peerArguments(task),
      ]);
      writeFileSync(join(home, 'flow.json'), stdout);
      return {
        command: process.execPath,
        args: [main, '--userDir', home, '--settings', join(source, 'settings.cjs'), join(home, 'flow.json')],
        env: { PEER_PORT: String(await freePort()) },
      };
    },
  };
}
