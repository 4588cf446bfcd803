import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { BridgeSite, DOWN, numbered, UP } from '../support/rigs/bridge-site.js';
import { runCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

/** How often a client has connected. */
const connects = ({ log }: Mosquitto, clientId: string) =>
  log.filter((line) => line.includes(`New client connected`) && line.includes(` as ${clientId} `)).length;

test('a file bridges both directions, one of them exactly once, and ends in order', LIMIT, async () => {
  const site = await BridgeSite.start();
  const { edge, cloud } = site;
  await using bridge = await site.run(`${UP}    guarantee: exactly-once\n${DOWN}`);
  const [above, below] = [
    await startMosquittoSub({ port: cloud.port, topic: 'site7/plant/#' }),
    await startMosquittoSub({ port: edge.port, topic: 'plant/cmd/#' }),
  ];
  await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, numbered(500));
  await publishAll({ port: cloud.port, topic: 'site7/cmd/go', qos: 1 }, numbered(500));
  const [up, down] = [await above.untilCount(500), await below.untilCount(500)];
  assert.deepEqual(
    up.map(({ topic, text, qos }) => [topic, text, qos]),
    numbered(500).map((text) => ['site7/plant/a', text, 2]),
  );
  assert.deepEqual(
    down.map(({ topic, text }) => [topic, text]),
    numbered(500).map((text) => ['plant/cmd/go', text]),
  );
  // what came down is excluded from what goes up
  assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
  assert.match(bridge.stderr.at(-1) ?? '', /stopped by SIGTERM: 1500 received, 1000 delivered/);
  assert.equal(above.messages.length, 500);
  await Promise.all([above.close(), below.close()]);
});

test(
  'a wrong file starts nothing, exit code 2, a line for each problem; --json has them as objects',
  LIMIT,
  async () => {
    const site = await BridgeSite.start();
    site.write(UP.replace('clientId', 'clientID'));
    const { code, stderr, stdout } = await runCli(['bridge', '-c', site.file, '--json'], site.environment);
    assert.equal(code, 2);
    assert.equal(stderr.length, 2, stderr.join('\n'));
    assert.match(
      stderr[1] ?? '',
      /bridge\.yaml:12:5: routes\.up: clientID is no key here, did you mean clientId\? \[unknown-key\]$/,
    );
    const problems = stdout.map((line) => JSON.parse(line));
    assert.deepEqual(
      problems.map(({ event, code, line, column, path, nearest }) => [event, code, line, column, path, nearest]),
      [
        ['problem', 'missing-key', 7, 5, 'routes.up', undefined],
        ['problem', 'unknown-key', 12, 5, 'routes.up', 'clientId'],
      ],
    );
  },
);

test(
  'one route that fails leaves the others alone; SIGHUP starts it again; when all have failed the bridge ends with 1',
  LIMIT,
  async () => {
    const site = await BridgeSite.start({ edge: { acl: ['topic read #', 'topic write plant/#'] } });
    const { edge, cloud } = site;
    const denied = DOWN.replace('topic: plant/cmd/{level.3}', 'topic: denied/{level.3}');
    await using bridge = await site.run(UP + denied);
    const witness = await startMosquittoSub({ port: cloud.port, topic: 'site7/plant/#' });
    await publishAll({ port: cloud.port, topic: 'site7/cmd/go', qos: 1 }, ['1']);
    await bridge.waitForLine(/down: failed: .*not authorized/i);
    await publishAll({ port: edge.port, topic: 'plant/x', qos: 1 }, ['1']);
    await witness.untilCount(1);
    const told = await site.reload(bridge, UP + denied);
    assert.match(told, /reloaded: started again down; 1 as before$/);
    await site.reload(bridge, denied, /reloaded: removed up/);
    assert.deepEqual(await bridge.exited, { code: 1, signal: null });
    assert.match(bridge.stderr.at(-1) ?? '', /stopped, for all routes have failed/);
    await witness.close();
  },
);

test(
  'SIGHUP: what did not change is not touched, a changed filter is unsubscribed, a wrong file changes nothing',
  LIMIT,
  async () => {
    const site = await BridgeSite.start();
    const { edge, cloud } = site;
    await using bridge = await site.run(UP + DOWN);
    const witness = await startMosquittoSub({ port: cloud.port, topic: 'site7/#' });
    const told = await site.reload(
      bridge,
      UP.replace('[plant/#]', '[press/#]').replace('[plant/cmd/#]', '[press/x]') + DOWN,
    );
    assert.match(told, /reloaded: changed up; 1 as before$/);
    await bridge.waitForLine(/changed: excluded?|changed: exclude, filters/);
    await edge.waitForLog(/Received UNSUBSCRIBE from site7-up/);
    await until(() => connects(edge, 'site7-up') === 2, { what: 'the second connection' });
    assert.equal(connects(cloud, 'site7-down'), 1);
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 1 }, ['old']);
    await publishAll({ port: edge.port, topic: 'press/a', qos: 1 }, ['new']);
    assert.deepEqual(
      (await witness.untilCount(1)).map(({ text }) => text),
      ['new'],
    );
    const wrong = await site.reload(bridge, `${UP}    qos: 7\n${DOWN}`, /is not taken/);
    assert.match(wrong, /bridge\.yaml is not taken, all goes on as before: it is wrong$/);
    const right = readFileSync(site.file, 'utf8').replace('    qos: 7\n', '');
    writeFileSync(site.file, right.replace('dir: state', 'dir: other'));
    bridge.signal('SIGHUP');
    await bridge.waitForLine(/is not taken, all goes on as before: dir is another one/);
    await publishAll({ port: edge.port, topic: 'press/a', qos: 1 }, ['newer']);
    assert.deepEqual(
      (await witness.untilCount(2)).map(({ text }) => text),
      ['new', 'newer'],
    );
    assert.equal(connects(edge, 'site7-up'), 2);
    await bridge.end('SIGTERM');
    await witness.close();
  },
);

for (const whenRemoved of ['drain', 'keep'] as const) {
  const title =
    whenRemoved === 'drain'
      ? 'a removed route is drained: what is stored goes out when its broker is back, and its filters go'
      : 'a removed route is kept: what is stored, and its session, are there when it is back';
  test(`SIGHUP: ${title}`, LIMIT, async () => {
    const site = await BridgeSite.start({ cloud: { persistence: true } });
    const { edge, cloud } = site;
    const up = `${UP}    guarantee: exactly-once\n    whenRemoved: ${whenRemoved}\n`;
    const other = UP.replace('up:', 'other:').replace('to: cloud', 'to: edge').replace('site7-up', 'other');
    await using bridge = await site.run(up + other, '--stats', '--json');
    await cloud.stop();
    await bridge.waitForLine(/trying again/);
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, numbered(50));
    await until(() => bridge.stdout.some((line) => JSON.parse(line).outbox === 50), { what: '50 stored messages' });
    await site.reload(bridge, other);
    if (whenRemoved === 'drain') await edge.waitForLog(/Received UNSUBSCRIBE from site7-up/);
    else await bridge.waitForLine(/up: stopped and kept: .* and 50 messages that are stored/);
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, ['later']);
    await cloud.start();
    const witness = await startMosquittoSub({ port: cloud.port, topic: 'site7/#', clientId: 'witness' });
    if (whenRemoved === 'drain') await bridge.waitForLine(/up: removed: what it had read is delivered/);
    await site.reload(bridge, up + other, /reloaded: added up/);
    await bridge.waitForLine(/up: RUNNING [\s\S]*/);
    await until(() => bridge.stderr.filter((line) => line.includes('up: RUNNING')).length === 2, { what: 'up again' });
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, ['last']);
    const seen = await witness.untilCount(whenRemoved === 'keep' ? 52 : 1);
    const all = [...numbered(50), ...(whenRemoved === 'keep' ? ['later'] : []), 'last'];
    await until(() => witness.texts.includes('last'), { what: 'the last message' });
    // the witness may have come after some of what was stored
    assert.deepEqual(witness.texts, all.slice(all.length - witness.texts.length));
    assert.ok(seen.length > 0);
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    await witness.close();
  });
}

test(
  'SIGHUP: under another client id a route goes on when all that was stored for the old one is delivered',
  LIMIT,
  async () => {
    const site = await BridgeSite.start({ cloud: { persistence: true } });
    const { edge, cloud } = site;
    const up = `${UP}    guarantee: exactly-once\n`;
    await using bridge = await site.run(up, '--stats', '--json');
    await cloud.stop();
    await bridge.waitForLine(/trying again/);
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, numbered(50));
    await until(() => bridge.stdout.some((line) => JSON.parse(line).outbox === 50), { what: '50 stored messages' });
    const told = await site.reload(bridge, up.replace('site7-up', 'site8-up'));
    assert.match(told, /reloaded: changed up; 0 as before$/);
    await edge.waitForLog(/Received UNSUBSCRIBE from site7-up/);
    assert.equal(connects(edge, 'site8-up'), 0);
    await cloud.start();
    await until(() => bridge.stderr.filter((line) => line.includes('up: RUNNING')).length === 2, { what: 'up again' });
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, ['last']);
    await cloud.waitForLog(/Received PUBREL from site8-up-0/);
    const publishes = cloud.log.filter((line) => /Received PUBLISH from site\d-up-0/.test(line));
    assert.deepEqual(
      publishes.map((line) => /site\d/.exec(line)?.[0]),
      [...Array(50).fill('site7'), 'site8'],
    );
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
  },
);

test(
  'SIGTERM while a reload waits for a route: both wait for it at once, and nothing is started any more',
  LIMIT,
  async () => {
    const site = await BridgeSite.start();
    const { edge, cloud } = site;
    await using bridge = await site.run(UP + DOWN, '--http', '0');
    const seen = await site.watch(bridge);
    cloud.suspend();
    await publishAll({ port: edge.port, topic: 'plant/a', qos: 1 }, ['held']);
    await edge.waitForLog(/Sending PUBLISH to site7-up/);
    site.write(UP.replace('[plant/cmd/#]', '[plant/x]') + DOWN);
    bridge.signal('SIGHUP');
    await seen.untilRoute('up', ({ status }) => status === 'COMPLETING');
    assert.equal((await seen.route('down'))?.status, 'RUNNING');
    bridge.signal('SIGTERM');
    await bridge.waitForLine(/SIGTERM: delivering or storing/);
    cloud.resume();
    assert.deepEqual(await bridge.exited, { code: 0, signal: null });
    assert.match(bridge.stderr.at(-1) ?? '', /stopped by SIGTERM: 1 received, 1 delivered/);
    assert.doesNotMatch(bridge.stderr.join('\n'), /reloaded|up: RUNNING[\s\S]*up: RUNNING/);
  },
);

test('what the directory has of a route that is not in the file is told at the start', LIMIT, async () => {
  const site = await BridgeSite.start();
  const exact = `${UP}    guarantee: exactly-once\n`;
  const bridge = await site.run(exact);
  await bridge.end('SIGTERM');
  await using second = await site.run(exact.replace('up:', 'again:').replace('site7-up', 'site7-again'));
  assert.match(second.stderr.join('\n'), /note: \S*state has job-up-\S*, of a route that is not in the file/);
  await second.end('SIGTERM');
});

test('--check says what each broker keeps and would refuse, and touches no session of a route', LIMIT, async () => {
  const edge = await startMosquitto({
    users: { site: 'right' },
    config: ['max_packet_size 5000', 'persistent_client_expiration 1h'],
  });
  const site = await BridgeSite.start();
  const check = async (routes: string, password: string) => {
    site.write(routes);
    const { code, stdout } = await runCli(['bridge', '-c', site.file, '--check', '--json'], {
      CLOUD: site.cloud.url,
      EDGE: edge.url.replace('//', `//site:${password}@`),
    });
    const found = stdout.map((line) => JSON.parse(line)).filter(({ event }) => event === 'finding');
    return { code, found: found.map(({ level, route, end, check }) => [level, route, end, check].join(' ')) };
  };
  const right = await check(UP.replace('[plant/#]', '[plant/#, $share/g/x]') + DOWN, 'right');
  assert.deepEqual(right, {
    code: 0,
    found: [
      'ok up from connect',
      'unknown up from subscribe',
      'ok up from subscribe',
      'ok up from session',
      'ok up to connect',
      'warning up to window',
      'unknown up to publish',
      'ok down from connect',
      'ok down from subscribe',
      'ok down from session',
      'ok down to connect',
      'warning down to size',
      'warning down to window',
      'unknown down to publish',
    ],
  });
  const wrong = await check(UP, 'wrong');
  assert.deepEqual(wrong, {
    code: 1,
    found: ['problem up from connect', 'ok up to connect', 'warning up to window', 'unknown up to publish'],
  });
  const placeless = await check(`${DOWN}    deadLetters: {file: none/letters.jsonl}\n`, 'right');
  assert.deepEqual([placeless.code, placeless.found.at(-1)], [1, 'problem down  deadLetters']);
  for (const { log } of [edge, site.cloud]) assert.doesNotMatch(log.join('\n'), /site7-(up|down)/);
});

test('--check takes a broker in the version that the file says, and what that lacks is a warning', LIMIT, async () => {
  const broker = await startMosquitto();
  const file = join(tempDir('bridge-versions'), 'bridge.yaml');
  for (const [mqtt, version] of [
    [5, '5.0'],
    [4, '3.1.1'],
    [3, '3.1'],
  ] as const) {
    writeFileSync(
      file,
      `brokers:\n  one: {url: '${broker.url}', mqtt: ${mqtt}}\n  two: {url: '${broker.url}'}\nroutes:\n${UP.replace('edge', 'one').replace('cloud', 'two')}`,
      { mode: 0o600 },
    );
    const { code, stdout, stderr } = await runCli(['bridge', '-c', file, '--check', '--json']);
    assert.equal(code, 0, stderr.join('\n'));
    const found = stdout
      .map((line) => JSON.parse(line))
      .filter(({ event, end }) => event === 'finding' && end === 'from');
    assert.match(found.find(({ check }) => check === 'connect')?.message, new RegExp(`MQTT ${version}`));
    assert.deepEqual(
      found.filter(({ check }) => check === 'version').map(({ level }) => level),
      mqtt === 5 ? [] : ['warning'],
    );
  }
});

test(
  'a route that is suspended or drained over HTTP is told, a reload starts the drained one, and the bridge ends with the last',
  LIMIT,
  async () => {
    const site = await BridgeSite.start();
    const token = randomBytes(16).toString('hex');
    site.environment.MILLRACE_HTTP_TOKEN = token;
    const bridge = await site.run(UP + DOWN, '--http', '0', '--allow-control');
    const seen = await site.watch(bridge);
    assert.equal(await seen.control('up', 'suspend', token), 200);
    await bridge.waitForLine(/up: SUSPENDED$/);
    assert.equal(await seen.control('up', 'drain', token), 200);
    await bridge.waitForLine(/up: drained: it has ended/);
    assert.match(await site.reload(bridge, UP + DOWN), /reloaded: started again up; 1 as before$/);
    await publishAll({ port: site.edge.port, topic: 'plant/a', qos: 1 }, ['again']);
    await seen.untilRoute('up', ({ counts }) => counts.itemsDelivered === 1);
    for (const name of ['up', 'down']) assert.equal(await seen.control(name, 'drain', token), 200);
    assert.deepEqual(await bridge.exited, { code: 0, signal: null });
    assert.match(bridge.stderr.at(-1) ?? '', /stopped, for all routes were drained: /);
  },
);
