import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckBroker } from '../../scripts/check-brokers.js';
import { brokerAbsence } from '../support/brokers/check-brokers-here.js';
import { EJABBERD_LOGIN, startEjabberd } from '../support/brokers/ejabberd.js';
import { startHiveMq } from '../support/brokers/hivemq.js';
import { startMochi } from '../support/brokers/mochi.js';
import { startRabbitMq } from '../support/brokers/rabbitmq.js';
import { restartCommand } from '../support/brokers/restart-command.js';
import type { StartedBroker } from '../support/brokers/started-broker.js';
import { findingsOf, levelOf, type Told, unkind } from '../support/check-findings.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { runCli } from '../support/start-cli.js';

/* Each verdict agrees with what was measured of these brokers with a bridge (docs/guarantees.md, Broker by broker). */

/** A broker that is started again beside three others may take so long, on a machine that has other work. */
const BUSY_SECONDS = '60';

interface Verdict {
  readonly code: number | null;
  readonly findings: readonly Told[];
  /** What is not ok, as `warning overlap 5`. */
  readonly worse: readonly string[];
}

async function verdictOn({ url, restart }: StartedBroker, login?: typeof EJABBERD_LOGIN): Promise<Verdict> {
  const waits = ['--wait', '15', '--connect-timeout', BUSY_SECONDS];
  const deep = ['--deep', ...waits, '--restart-command', await restartCommand(restart), '--json'];
  const env: Record<string, string> = login === undefined ? {} : { PASSWORD: login.password };
  const result = await runCli(['check', url, ...deep, ...(login?.args ?? [])], env);
  const findings = findingsOf(result);
  assert.deepEqual(JSON.parse(result.stdout[0] ?? '').left, []);
  const worse = unkind(findings).map(({ level, check, version }) => `${level} ${check} ${version}`);
  return { code: result.code, findings, worse: worse.sort() };
}

const needs = (name: CheckBroker) => ({ ...LIMIT, skip: brokerAbsence(name) });

describe('brokers that no other test has', { concurrency: true, ...SUITE_LIMIT }, () => {
  it('HiveMQ CE keeps all, and takes ten messages at a time', needs('hivemq'), async () => {
    const { code, findings, worse } = await verdictOn(await startHiveMq());
    assert.deepEqual(worse, ['warning limits 5']);
    assert.equal(code, 0);
    assert.match(unkind(findings)[0]?.message ?? '', /^takes 10 messages at a time/);
    for (const version of [5, 4]) assert.deepEqual(levelOf(findings, 'restart', version), ['ok']);
  });

  it('ejabberd keeps all while it lives: its sessions are in memory, and end with it', needs('ejabberd'), async () => {
    const { code, worse } = await verdictOn(await startEjabberd(), EJABBERD_LOGIN);
    const ofBoth = [4, 5].flatMap((version) => [`problem restart ${version}`]);
    assert.deepEqual(
      worse.filter((one) => one.startsWith('problem')),
      ofBoth,
    );
    assert.deepEqual(
      worse.filter((one) => one.startsWith('warning')),
      ['warning expiry 5', 'warning overlap 4', 'warning overlap 5', 'warning shared 4', 'warning shared 5'],
    );
    // it gives one message at QoS 2 at a time
    assert.deepEqual(
      worse.filter((one) => one.startsWith('unknown')),
      ['unknown again 4', 'unknown again 5'],
    );
    assert.equal(code, 1);
  });

  it('RabbitMQ speaks 3.1.1 alone, gives QoS 1, and nothing retained for wildcards', needs('rabbitmq'), async () => {
    const { code, findings, worse } = await verdictOn(await startRabbitMq());
    assert.deepEqual(worse, ['warning connect 5', 'warning qos 4', 'warning retained 4', 'warning shared 4']);
    assert.equal(code, 0);
    for (const check of ['session', 'queue', 'again', 'publisher-session', 'restart'])
      assert.deepEqual(levelOf(findings, check, 4), ['ok'], check);
    // what publishes, and has no subscription, has no session
    const session = findings.find(({ check }) => check === 'publisher-session');
    assert.match(session?.message ?? '', /kept by a subscription, which Millrace makes/);
  });

  it('Mochi has one table for the packet ids of both sides, and loses by it', needs('mochi'), async () => {
    const { code, findings, worse } = await verdictOn(await startMochi());
    assert.equal(code, 1);
    const problems = worse.filter((one) => one.startsWith('problem'));
    // what comes while our window is full never comes, and its order is none
    for (const problem of ['problem packet-ids 4', 'problem packet-ids 5', 'problem window 5'])
      assert.ok(problems.includes(problem), worse.join());
    const lost = findings.filter(({ message }) => /is gone once the client has published/.test(message));
    assert.deepEqual(
      lost.map(({ version }) => version),
      [5, 4],
    );
    const refused = findings.find(({ message }) => message.includes('SUBSCRIBE is refused (0x91)'));
    assert.equal(refused?.version, 5);
  });
});
