import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

const SECRET = 'hunter2';

const args = (from: string, to: string): readonly string[] => [
  'bridge',
  '--from',
  from,
  '--topic',
  'in/#',
  '--to',
  to,
  '--to-topic',
  'out/{topic}',
  '--client-id',
  'b',
  '--json',
];

test(
  'a bridge that runs outlasts a broker that refuses its password for a while, and says so once (S5, R24)',
  LIMIT,
  async () => {
    const from = await startMosquitto();
    const to = await startMosquitto({ users: { bob: SECRET } });
    await using bridge = startCli(args(from.url, to.url.replace('mqtt://', `mqtt://bob:${SECRET}@`)));
    await bridge.waitForLine(/RUNNING/);
    await to.stop();
    await startMosquitto({ port: to.port, users: { bob: 'another' } });
    await bridge.waitForLine(/not authorized.*; it was accepted before, so it is tried again$/i);
    await until(() => bridge.stdout.some((line) => JSON.parse(line).event === 'refused-for-now'));
    assert.equal(bridge.running, true);
    assert.equal((await bridge.end('SIGTERM')).code, 0);
    assert.doesNotMatch([...bridge.stdout, ...bridge.stderr].join('\n'), /hunter2/);
    assert.equal(bridge.stderr.filter((line) => /accepted before/.test(line)).length, 1);
  },
);

for (const side of ['reading', 'publishing'] as const) {
  test(
    `--refusal-timeout 0 ends a bridge whose ${side} side is refused after it was accepted (R24)`,
    LIMIT,
    async () => {
      const open = await startMosquitto();
      const guarded = await startMosquitto({ users: { bob: SECRET } });
      const url = guarded.url.replace('mqtt://', `mqtt://bob:${SECRET}@`);
      const sides = side === 'reading' ? ([url, open.url] as const) : ([open.url, url] as const);
      await using bridge = startCli([...args(...sides), '--refusal-timeout', '0']);
      await bridge.waitForLine(/RUNNING/);
      await guarded.stop();
      await startMosquitto({ port: guarded.port, users: { bob: 'another' } });
      assert.equal((await bridge.exited).code, 1);
      assert.match(bridge.stderr.at(-1) ?? '', /failed: .*not authorized/i);
      assert.doesNotMatch([...bridge.stdout, ...bridge.stderr].join('\n'), /hunter2/);
    },
  );
}

test('the line with RUNNING says which broker is spoken to in an older version than 5.0 (S2, R5d)', LIMIT, async () => {
  const from = await startAedes();
  const to = await startMosquitto();
  await using bridge = startCli(args(from.url, to.url));
  const line = await bridge.waitForLine(/RUNNING/);
  assert.ok(line.endsWith(`(MQTT 3.1.1 with ${from.url})`), line);
  await bridge.waitForLine(/note: a broker is spoken to in an older version than MQTT 5\.0/);
});
