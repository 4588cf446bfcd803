import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AedesBroker, startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { restartCommand } from '../support/brokers/restart-command.js';
import { findingsOf, levelOf, unkind } from '../support/check-findings.js';
import { LIMIT } from '../support/limits.js';
import { startNatsBroker } from '../support/nats/nats-broker.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { runCli, startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

/*
 * Each verdict agrees with what was measured of these brokers with a bridge (docs/guarantees.md). Others are in `cli-check-brokers.test.ts`;
 * of those that no test starts the unit test of the verdicts has the traces.
 */

/** Sessions that the broker keeps for clients that are away. */
async function offlineClients({ aedes }: AedesBroker): Promise<number> {
  const persistence: unknown = Reflect.get(aedes, 'persistence');
  assert.ok(persistence instanceof Object && 'countOffline' in persistence);
  assert.ok(typeof persistence.countOffline === 'function');
  const { clientsCount } = await persistence.countOffline();
  return clientsCount;
}

test('mosquitto keeps all: each of its versions is asked, and tried', LIMIT, async () => {
  const { url } = await startMosquitto({ config: ['max_inflight_messages 1000'] });
  const asked = await runCli(['check', url]);
  assert.equal(asked.code, 0, asked.stderr.join('\n'));
  assert.ok(asked.stdout.includes('ok      5.0   shared            has shared subscriptions'), asked.stdout.join('\n'));
  const deep = await runCli(['check', url, '--deep', '--json']);
  assert.equal(deep.code, 0, deep.stderr.join('\n'));
  const findings = findingsOf(deep);
  assert.deepEqual(
    unkind(findings).map(({ check, version }) => `${check} ${version}`),
    ['overlap 5'],
  );
  for (const check of ['session', 'queue', 'release', 'resend', 'takeover', 'publisher-session'])
    for (const version of [5, 4]) assert.deepEqual(levelOf(findings, check, version), ['ok'], `${check} ${version}`);
  assert.deepEqual([levelOf(findings, 'window', 5), levelOf(findings, 'window', 4)], [['ok'], []]);
});

for (const persistence of [true, false]) {
  const what = persistence ? 'keeps its sessions over a restart' : 'has them in memory';
  test(`a restart, by a command: mosquitto ${what}`, LIMIT, async () => {
    const broker = await startMosquitto({ persistence });
    const command = await restartCommand(() => broker.restart());
    // how soon it is there again is no finding
    const waits = ['--wait', '5', '--connect-timeout', '60'];
    const args = ['check', broker.url, '--deep', ...waits, '--mqtt', '5', '--restart-command', command, '--json'];
    const findings = findingsOf(await runCli(args));
    assert.deepEqual(levelOf(findings, 'restart', 5), [persistence ? 'ok' : 'problem']);
  });
}

test('aedes speaks 3.1.1 alone, and after a cut sends what no client can tell; no session is left', LIMIT, async () => {
  const broker = await startAedes();
  const result = await runCli(['check', broker.url, '--deep', '--wait', '8', '--json']);
  const findings = findingsOf(result);
  assert.equal(result.code, 1);
  assert.deepEqual(levelOf(findings, 'connect', 5), ['warning']);
  const worse = unkind(findings).map(({ level, check }) => `${level} ${check}`);
  assert.deepEqual(worse.sort(), ['problem again', 'warning again', 'warning connect', 'warning shared']);
  assert.match(
    findings.find(({ check }) => check === 'publisher-session')?.message ?? '',
    /kept by a subscription, which Millrace makes/,
  );
  assert.equal(await offlineClients(broker), 0);
  assert.deepEqual(JSON.parse(result.stdout[0] ?? '').left, []);
});

test('a check that is stopped ends its sessions, too, and says that it is not over', LIMIT, async () => {
  const broker = await startAedes();
  let count = 0;
  broker.aedes.on('clientDisconnect', () => (count += 1));
  await using check = startCli(['check', broker.url, '--deep', '--mqtt', '4', '--json']);
  await until(() => count >= 10);
  assert.deepEqual(await check.end('SIGINT'), { code: 1, signal: null });
  assert.match(check.stderr.join(), /failed: SIGINT: stopped before its end/);
  assert.deepEqual(check.stdout, []);
  assert.equal(await offlineClients(broker), 0);
});

test('NATS speaks 3.1.1 alone and gives again late, behind newer messages', {
  ...LIMIT,
  skip: natsAbsence(),
}, async () => {
  const { url } = await startNatsBroker();
  const result = await runCli(['check', url, '--deep', '--wait', '30', '--json']);
  const findings = findingsOf(result);
  assert.equal(result.code, 0, JSON.stringify(unkind(findings)));
  assert.deepEqual(levelOf(findings, 'order', 4), ['warning', 'warning']);
  assert.deepEqual(levelOf(findings, 'shared', 4), ['warning']);
  for (const check of ['session', 'queue', 'release', 'resend', 'publisher-session'])
    assert.deepEqual(levelOf(findings, check, 4), ['ok'], check);
});

test('a broker that is away, or refuses us, is a problem that is named', LIMIT, async () => {
  const broker = await startMosquitto({ users: { alice: 'a' } });
  const refused = await runCli(['check', broker.url, '--mqtt', '5']);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout.join(), /problem 5\.0 {3}connect .*[Nn]ot authorized/);
  await broker.stop();
  const away = await runCli(['check', broker.url]);
  assert.equal(away.code, 1);
  assert.match(away.stdout.join(), /problem 3\.1\.1 connect .*connection refused/);
  const wrong = await runCli(['check']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr.join(), /the URL of a broker is missing/);
});
