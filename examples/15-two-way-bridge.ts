/*
 * A two-way bridge between a home with zigbee2mqtt and the cloud: topics and payloads are rewritten, a command that is too late is not
 * carried out, and nothing is lost or comes twice, whatever happens to the process and to the way to the home.
 *
 *   npx tsx examples/15-two-way-bridge.ts
 *
 *   at home                                     in the cloud
 *   zigbee2mqtt/<device>                   →    homes/h1/<device>/state
 *   zigbee2mqtt/<device>/availability      →    homes/h1/<device>/availability
 *   zigbee2mqtt/<device>/set and /get      ←    homes/h1/<device>/set and /get
 *   zigbee2mqtt/bridge/#                        (is left out)
 *
 * The bridge is two-way-bridge/pipeline.ts, and what it makes of a message two-way-bridge/rewrite.ts. This file runs it, and is the
 * home and the cloud around it.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runSupervised } from './support/run-supervised.js';
import { type ExampleLink, startLink } from './support/start-link.js';
import { startMosquitto } from './support/start-mosquitto.js';
import { supervise } from './support/supervise.js';
import { until } from './support/until.js';
import { type Participant, participant } from './two-way-bridge/participant.js';
import { twoWayBridge } from './two-way-bridge/pipeline.js';

async function main(): Promise<void> {
  await using homeBroker = await startMosquitto();
  await using cloudBroker = await startMosquitto();
  await using wayHome = await startLink(homeBroker.url);
  const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
  await using home = await participant(homeBroker.url, 'zigbee2mqtt/+/set', 'zigbee2mqtt/+/+/set', 'zigbee2mqtt/+/get');
  await using cloud = await participant(cloudBroker.url, 'homes/#', 'dead/#');
  await using worker = supervise(fileURLToPath(import.meta.url), 'bridge', wayHome.url, cloudBroker.url, dir);

  await retainedStaysRetained(home, cloud, () => worker.start());
  await traffic(home, cloud, async () => {
    await worker.end('SIGKILL');
    await worker.start();
  });
  console.log(`A kill -9: ${MESSAGES} readings and as many commands came once and in order.`);
  await traffic(home, cloud, async () => {
    equal(await worker.end('SIGTERM'), 0);
    await worker.start();
  });
  console.log('A stop and a start: the same, and the exit code was 0.');
  await whatCannotBeRewrittenIsPutAside(home, cloud);
  await lateCommandsAreLeftOut(home, cloud, wayHome);

  equal(await worker.end('SIGTERM'), 0);
  // All that was waited for, and nothing else: no copy, and no command that came back.
  deepEqual([cloud.heard.length, home.heard.length], [3 + 2 * MESSAGES + 5, 2 * MESSAGES + 2]);
  await using late = await participant(cloudBroker.url, 'homes/#');
  await until(() => late.heard.length > 0, 'what is retained in the cloud');
  deepEqual(late.heard, [
    { topic: `${LAMP_IN_CLOUD}/availability`, text: '{"home":"h1","state":"online"}', retain: true, expiry: undefined },
  ]);
  await rm(dir, { recursive: true });
}

const MESSAGES = 20;
const LAMP = 'zigbee2mqtt/kitchen/floor lamp';
const LAMP_IN_CLOUD = 'homes/h1/kitchen%2Ffloor%20lamp';

const textsOf = ({ heard }: Participant, topic: string): string[] =>
  heard.filter((message) => message.topic === topic).map(({ text }) => text);

/** Also what was there before the bridge; and what is removed at home is removed in the cloud. */
async function retainedStaysRetained(home: Participant, cloud: Participant, start: () => Promise<void>): Promise<void> {
  await home.say('zigbee2mqtt/bridge/devices', [{ friendly_name: 'kitchen/floor lamp' }], { retain: true });
  await home.say('zigbee2mqtt/old plug', { power: 3, battery: 80 }, { retain: true });
  await start();
  await home.say(`${LAMP}/availability`, { state: 'online' }, { retain: true });
  await home.say('zigbee2mqtt/old plug', '', { retain: true });
  await until(() => cloud.heard.length === 3, 'what is retained at home');
  deepEqual(textsOf(cloud, 'homes/h1/old%20plug/state'), ['{"home":"h1","power_watts":3,"battery_percent":80}', '']);
  deepEqual(textsOf(cloud, `${LAMP_IN_CLOUD}/availability`), ['{"home":"h1","state":"online"}']);
  ok(cloud.heard.every(({ retain }) => retain));
  console.log(cloud.heard.map(({ topic, text }) => `${topic} ${text}`).join('\n'));
}

/** Readings go up and commands go down, and in the middle of them something happens to the bridge. */
async function traffic(home: Participant, cloud: Participant, happens: () => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: MESSAGES }, (_, index) => index);
  const [up, down] = [cloud.heard.length + MESSAGES, home.heard.length + MESSAGES];
  let happening: Promise<void> | undefined;
  for (const number of numbers) {
    await Promise.all([
      home.say(LAMP, { temperature: number }),
      cloud.say(`${LAMP_IN_CLOUD}/set`, { home: 'h1', brightness: number }),
    ]);
    if (number === MESSAGES / 2) happening = happens();
  }
  await happening;
  await until(() => cloud.heard.length >= up && home.heard.length >= down, 'readings and commands');
  const readings = numbers.map((number) => JSON.stringify({ home: 'h1', temperature_celsius: number }));
  const commands = numbers.map((number) => JSON.stringify({ brightness: number }));
  deepEqual(textsOf(cloud, `${LAMP_IN_CLOUD}/state`).slice(-MESSAGES), readings);
  deepEqual(textsOf(home, `${LAMP}/set`).slice(-MESSAGES), commands);
  deepEqual([cloud.heard.length, home.heard.length], [up, down]);
}

/** A malformed reading, and commands that no device can be meant by: each is a dead letter, and what is behind it goes on. */
async function whatCannotBeRewrittenIsPutAside(home: Participant, cloud: Participant): Promise<void> {
  await home.say('zigbee2mqtt/boiler', '{"temperature": 2');
  await cloud.say('homes/h1/bridge%2Frequest%2Frestart/set', {});
  await cloud.say('homes/h1/%/set', { state: 'ON' });
  await cloud.say('homes/h1/a%2Bb/set', { state: 'OFF' });
  await cloud.say('homes/h1/boiler/get', { temperature_celsius: '' });
  await home.say('zigbee2mqtt/boiler', { temperature: 21 });
  await until(
    () => textsOf(home, 'zigbee2mqtt/boiler/get').length > 0 && textsOf(cloud, 'homes/h1/boiler/state').length > 0,
    'what is behind',
  );
  await until(() => textsOf(cloud, 'dead/h1').length === 4, 'the dead letters');
  deepEqual(textsOf(cloud, 'dead/h1').sort(), ['{"state":"OFF"}', '{"state":"ON"}', '{"temperature": 2', '{}']);
  console.log('Put aside:', textsOf(cloud, 'dead/h1').join(' '));
}

/** The way to the home is cut for two seconds: a command of one second is over then, and one of a minute has lost two. */
async function lateCommandsAreLeftOut(home: Participant, cloud: Participant, wayHome: ExampleLink): Promise<void> {
  wayHome.cut();
  await cloud.say('homes/h1/boiler/set', { power_watts: 1 }, { expiry: 1 });
  await cloud.say('homes/h1/boiler/set', { power_watts: 2 }, { expiry: 60 });
  await sleep(2000);
  wayHome.mend();
  await until(() => home.heard.at(-1)?.topic === 'zigbee2mqtt/boiler/set', 'the command that is not too late');
  deepEqual(textsOf(home, 'zigbee2mqtt/boiler/set'), ['{"power":2}']);
  const left = home.heard.at(-1)?.expiry ?? 0;
  ok(left > 0 && left <= 58, `${left} seconds are left`);
  console.log('The command of a second was left out, that of a minute came with', left, 'seconds left.');
}

const [role, ...places] = process.argv.slice(2);
const [homeUrl, cloudUrl, directory] = places;
if (role === 'bridge' && homeUrl !== undefined && cloudUrl !== undefined && directory !== undefined) {
  await runSupervised(twoWayBridge({ home: 'h1', homeBroker: homeUrl, cloudBroker: cloudUrl }), 'h1-bridge', directory);
} else await main();
