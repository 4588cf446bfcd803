import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import type { Child } from '../support/child-process.js';
import { publishAll, startMosquittoPub } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

/** Two brokers and what goes between them. */
async function twoBrokers(): Promise<readonly [Mosquitto, Mosquitto]> {
  return Promise.all([startMosquitto(), startMosquitto()]);
}

function bridgeArgs(from: Mosquitto, to: Mosquitto, ...more: readonly string[]): string[] {
  return [
    ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url, '--to-topic', 'out/{topic}'],
    ...['--client-id', 'bridge', ...more],
  ];
}

async function started(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Child> {
  const bridge = startCli(args, env);
  await bridge.waitForLine(/RUNNING/);
  return bridge;
}

for (const version of [5, 4] as const) {
  for (const qos of [0, 1, 2] as const) {
    test(`3,000 messages cross in order at QoS ${qos} on MQTT ${version === 5 ? '5.0' : '3.1.1'}`, LIMIT, async () => {
      const [from, to] = await twoBrokers();
      const witness = await startMosquittoSub({ port: to.port, topic: 'out/#' });
      const options = ['--qos', String(qos), '--mqtt', String(version)];
      await using bridge = await started(bridgeArgs(from, to, ...options));
      const payloads = numbered(3000);
      await publishAll({ port: from.port, topic: 'in/a/b', qos }, payloads);
      const messages = await witness.untilCount(3000);
      assert.deepEqual(
        messages.map(({ text }) => text),
        payloads,
      );
      assert.ok(messages.every((message) => message.topic === 'out/in/a/b' && message.qos === qos));
      assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
      assert.equal(bridge.stderr.length, 3, bridge.stderr.join('\n'));
      await witness.close();
      await Promise.all([from.stop(), to.stop()]);
    });
  }
}

test('a message keeps its own QoS, at most --qos, its retain flag and its MQTT 5 properties', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  await using bridge = await started(bridgeArgs(from, to, '--qos', '1'));
  const properties = [
    ...['-D', 'publish', 'content-type', 'text/plain', '-D', 'publish', 'response-topic', 'answers'],
    ...['-D', 'publish', 'correlation-data', 'c-1', '-D', 'publish', 'payload-format-indicator', '1'],
    ...['-D', 'publish', 'message-expiry-interval', '900'],
    ...['-D', 'publish', 'user-property', 'k', 'v1', '-D', 'publish', 'user-property', 'k', 'v2'],
  ];
  await publishAll({ port: from.port, topic: 'in/2', qos: 2, retain: true, args: properties }, ['two']);
  await publishAll({ port: from.port, topic: 'in/0', qos: 0 }, ['zero']);
  const format = '> %q %r %x %t|%C|%R|%D|%F|%E|%P';
  const witness = await startMosquittoSub({ port: to.port, topic: 'out/in/2', version: 5, args: ['-F', format] });
  const [message] = await witness.untilCount(1);
  assert.equal(message?.qos, 1);
  assert.equal(message?.retain, true);
  assert.match(message?.topic ?? '', /^out\/in\/2\|text\/plain\|answers\|c-1\|1\|\d+\|k:v1 k:v2$/);
  assert.deepEqual(await bridge.end('SIGINT'), { code: 0, signal: null });
});

test('several filters and levels of the topic make the new topic', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  const witness = await startMosquittoSub({ port: to.port });
  await using _bridge = await started([
    ...['bridge', '--from', from.url, '--topic', 'site/+/a', 'site/+/b', '--to', to.url],
    ...['--to-topic', '{level.3}/{level.2}/{{x}}', '--client-id', 'levels'],
  ]);
  await publishAll({ port: from.port, topic: 'site/berlin/a' }, ['1']);
  await publishAll({ port: from.port, topic: 'site/paris/b' }, ['2']);
  const messages = await witness.untilCount(2);
  assert.deepEqual(messages.map(({ topic }) => topic).sort(), ['a/berlin/{x}', 'b/paris/{x}']);
});

test('--stop-after takes exactly so many and leaves the others in the session', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  const witness = await startMosquittoSub({ port: to.port });
  await using first = await started(bridgeArgs(from, to, '--stop-after', '100'));
  await publishAll({ port: from.port, topic: 'in/x' }, numbered(250));
  assert.deepEqual(await first.exited, { code: 0, signal: null });
  await witness.untilCount(100);
  assert.equal((await witness.untilQuiet(300)).length, 100);

  await using second = await started(bridgeArgs(from, to, '--stop-after', '150'));
  assert.deepEqual(await second.exited, { code: 0, signal: null });
  await witness.untilCount(250);
  assert.deepEqual(witness.texts, numbered(250));
});

test('SIGTERM drains: nothing is lost and nothing doubled over restarts of the bridge under load', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  const witness = await startMosquittoSub({ port: to.port });
  const publisher = startMosquittoPub({ port: from.port, topic: 'in/x', qos: 1 });
  // The session must be there before the first message.
  await (await started(bridgeArgs(from, to))).end('SIGTERM');
  const sending = (async () => {
    for (const payload of numbered(6000)) await publisher.send(payload);
    return publisher.finish();
  })();
  for (let restart = 0; restart < 3; restart++) {
    const bridge = await started(bridgeArgs(from, to));
    await witness.untilCount(restart * 1500 + 500);
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
  }
  await sending;
  await using _last = await started(bridgeArgs(from, to));
  await witness.untilCount(6000);
  assert.deepEqual(witness.texts, numbered(6000));
});

test('the bridge goes on when either broker has been away', LIMIT, async () => {
  const [from, to] = await Promise.all([startMosquitto({ persistence: true }), startMosquitto({ persistence: true })]);
  const witness = await startMosquittoSub({ port: to.port, clientId: 'witness' });
  await using bridge = await started(bridgeArgs(from, to, '--json'));
  await publishAll({ port: from.port, topic: 'in/x' }, numbered(500));
  await witness.untilCount(500);
  await to.restart();
  await publishAll({ port: from.port, topic: 'in/x' }, numbered(500, 500));
  await from.restart();
  // At least once: a copy may come twice over a cut.
  await until(() => new Set(witness.texts).size === 1000);
  assert.deepEqual([...new Set(witness.texts)], numbered(1000));
  assert.ok(bridge.stdout.some((line) => JSON.parse(line).event === 'reconnect'));
  // An outage is one line when it begins and one when it is over, however many attempts it takes.
  for (const { url } of [from, to]) {
    await bridge.waitForLine(new RegExp(`connected to ${url} again$`));
    const about = bridge.stderr.filter((line) => line.includes(url) && !line.includes('RUNNING'));
    assert.deepEqual(
      about.map((line) => line.replace(/^.*(again)$/, '$1')),
      ['again', 'again'],
      about.join('\n'),
    );
  }
});

test('--json tells running, stats and stopped; --stats shows a line a second', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  await using machine = await started(bridgeArgs(from, to, '--json', '--stats'));
  await machine.waitForLine(/"event":"stats"/);
  await machine.end('SIGTERM');
  const events = machine.stdout.map((line) => JSON.parse(line));
  assert.deepEqual(
    [...new Set(events.map(({ event }) => event))],
    ['connect', 'running', 'stats', 'stopping', 'stopped'],
  );
  assert.equal(events.at(-1).signal, 'SIGTERM');

  await using people = await started(bridgeArgs(from, to, '--stats'));
  await people.waitForLine(/^in 0\/s {2}out 0\/s {2}in flight 0 {2}buffered 0 {2}reconnects 0/);
  await people.end('SIGINT');
  assert.deepEqual(people.stdout, []);
});

test('exactly one line says RUNNING', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  await using bridge = await started(bridgeArgs(from, to));
  await bridge.end('SIGTERM');
  assert.equal(bridge.stderr.filter((line) => line.includes('RUNNING')).length, 1);
  assert.deepEqual(bridge.stdout, []);
});

test('a drain that cannot end gives up after the drain timeout, still with exit code 0', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  await using bridge = await started(bridgeArgs(from, to, '--drain-timeout', '1'));
  to.suspend();
  await publishAll({ port: from.port, topic: 'in/x' }, numbered(10));
  await from.waitForLog(/Sending PUBLISH to bridge/);
  const startedAt = performance.now();
  bridge.signal('SIGTERM');
  assert.deepEqual(await bridge.exited, { code: 0, signal: null });
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs > 900 && elapsedMs < 9000, `${elapsedMs} ms`);
  assert.match(bridge.stderr.at(-1) ?? '', /not all was delivered in time/);

  to.resume();
  const witness = await startMosquittoSub({ port: to.port });
  await using _next = await started(bridgeArgs(from, to));
  await witness.untilCount(10);
});

test('a second signal exits at once with the code of a shell', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  await using bridge = await started(bridgeArgs(from, to, '--drain-timeout', '30'));
  to.suspend();
  await publishAll({ port: from.port, topic: 'in/x' }, numbered(10));
  await from.waitForLog(/Sending PUBLISH to bridge/);
  bridge.signal('SIGINT');
  await bridge.waitForLine(/delivering what was read, at most 30 s/);
  bridge.signal('SIGINT');
  assert.deepEqual(await bridge.exited, { code: 130, signal: null });
});

test('a signal before the bridge runs ends it with exit code 0', LIMIT, async () => {
  const [from, to] = await twoBrokers();
  from.suspend();
  await using bridge = startCli(bridgeArgs(from, to, '--connect-timeout', '0'));
  await to.waitForLog(/New client connected.*bridge-0/);
  bridge.signal('SIGTERM');
  assert.deepEqual(await bridge.exited, { code: 0, signal: null });
  from.resume();
});
