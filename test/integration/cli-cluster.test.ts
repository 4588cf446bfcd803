import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import type { Child } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { runCli, startCli } from '../support/start-cli.js';

// Inside the checkout, so that the modules resolve `millrace` as a user's project would.
const directory = mkdtempSync(fileURLToPath(new URL('../../.cli-cluster-', import.meta.url)));
after(() => rmSync(directory, { recursive: true }));
const { index: INDEX } = await buildOnce();

/** A job that counts the messages of a topic, exactly once. */
const counting = (file: string, { url }: Mosquitto, sink = 'counter-out'): string => {
  const path = join(directory, file);
  writeFileSync(
    path,
    `import { MqttSinks, MqttSources, Pipeline } from '${INDEX}';
const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder().clientId('counter').broker('${url}').topic('in').qualityOfService(2).keepSession()
      .mapToItemFn((_topic, payload) => payload.toString()).build(),
  )
  .groupingKey(() => 'all')
  .mapStateful(() => ({ seen: 0 }), (state, _key, text) => { state.seen += 1; return state.seen + ' ' + text; })
  .setName('count')
  .writeTo(MqttSinks.builder().clientId('${sink}').broker('${url}').topic('out').build())
  .setName('${sink}');
export default pipeline;
export const config = { name: 'counting', processingGuarantee: 'exactly-once', partitions: 1 };
`,
  );
  return path;
};

const texts = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);

interface Line {
  readonly event: string;
  readonly [fact: string]: unknown;
}

const linesOf = ({ stdout }: Pick<Child, 'stdout'>): readonly Line[] =>
  stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));

const skip = natsAbsence();

/** As docs/cluster.md lists them. */
const RIGHTS = ['$JS.API.>', '$JS.FC.>', '$KV.>', '$O.>', 'mr.>'];

describe('millrace run --cluster', { ...SUITE_LIMIT, skip }, () => {
  it('hands the job over to the other node at SIGTERM, which loses and doubles nothing', async () => {
    const [nats, broker] = await Promise.all([startNats(), startMosquitto()]);
    const witness = await startMosquittoSub({ port: broker.port, topic: 'out' });
    const node = (id: string) => {
      const cluster = ['--cluster', nats.urls.join(','), '--node-id', id, '--replicas', '1', '--lease', '2000'];
      return startCli(['run', counting('counting.mjs', broker), ...cluster, '--dir', join(directory, id), '--json']);
    };
    await using first = node('n1');
    await first.waitForLine(/^millrace run: partition 0 runs here/);
    await using second = node('n2');
    await first.waitForLine(/node n2 takes part/);
    await publishAll({ port: broker.port, topic: 'in' }, texts(1, 20));
    await witness.untilCount(20);
    assert.deepEqual(await first.end('SIGTERM'), { code: 0, signal: null });
    await second.waitForLine(/^millrace run: partition 0 runs here/);
    await publishAll({ port: broker.port, topic: 'in' }, texts(21, 40));
    await witness.untilCount(40);
    assert.deepEqual(
      witness.texts,
      texts(1, 40).map((text, index) => `${index + 1} ${text}`),
    );
    const told = linesOf(first).map(({ event }) => event);
    for (const event of ['joined', 'partition-running', 'running', 'node-joined', 'partition-released', 'stopped'])
      assert.ok(told.includes(event), `${event} of ${told}`);
    const running = linesOf(second).find(({ event }) => event === 'partition-running');
    assert.equal(running?.partition, 0);
    assert.deepEqual(await second.end('SIGTERM'), { code: 0, signal: null });
  });

  it('refuses another pipeline under the name of the job, unless it is to take over', async () => {
    const [nats, broker] = await Promise.all([startNats(), startMosquitto()]);
    const cluster = ['--cluster', nats.urls.join(','), '--replicas', '1'];
    await using first = startCli(['run', counting('first.mjs', broker), ...cluster]);
    await first.waitForLine(/RUNNING/);
    const other = ['run', counting('other.mjs', broker, 'elsewhere'), ...cluster];
    const refused = await runCli([...other, '--json']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr.at(-1) ?? '', /runs on this cluster with another pipeline.*--allow-plan-change/);
    const failed = linesOf(refused).at(-1);
    assert.equal(failed?.event, 'failed');
    assert.deepEqual(await first.end('SIGTERM'), { code: 0, signal: null });
    await using taking = startCli([...other, '--allow-plan-change', '--give-up', 'sink counter-out']);
    await taking.waitForLine(/RUNNING/);
  });

  it('leaves a job ended that has completed, however often its node is started, and begins it again when that is asked for', async () => {
    const nats = await startNats();
    const file = join(directory, 'ending.mjs');
    const lines = [
      `import { Pipeline, Sinks, TestSources } from '${INDEX}';`,
      'const pipeline = Pipeline.create();',
      'pipeline.readFrom(TestSources.items(1, 2, 3)).writeTo(Sinks.noop());',
      'export default pipeline;',
      "export const config = { name: 'ending' };",
    ];
    writeFileSync(file, lines.join('\n'));
    const line = ['run', file, '--cluster', nats.urls.join(','), '--replicas', '1', '--json'];
    const received = async (...more: readonly string[]): Promise<readonly unknown[]> => {
      const { code, stdout } = await runCli([...line, ...more]);
      assert.equal(code, 0);
      const told = linesOf({ stdout });
      const about = told.filter(({ event }) => event === 'ended-before' || event === 'begun-again');
      return [...about.map(({ event, after }) => `${event} ${after}`), told.at(-1)?.received];
    };
    assert.deepEqual(await received(), [3]);
    assert.deepEqual(await received(), ['ended-before completed', 0]);
    assert.deepEqual(await received('--begin-again'), ['begun-again completed', 3]);
  });

  it('says who it is by a user and a password that no command line has, and needs no more rights than are documented', async () => {
    const rights = `{ publish: [${RIGHTS.map((subject) => `"${subject}"`)}], subscribe: ["_INBOX.>"] }`;
    const extra = `authorization { users: [{ user: millrace, password: "s3cret", permissions: ${rights} }] }`;
    const [nats, broker] = await Promise.all([startNats({ extra }), startMosquitto()]);
    const line = ['run', counting('user.mjs', broker), '--cluster', nats.urls.join(','), '--replicas', '1'];
    const nobody = await runCli(line);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr.at(-1) ?? '', /auth/i);
    const user = [...line, '--nats-user', 'millrace'];
    const wrong = await runCli(user, { MILLRACE_NATS_PASSWORD: 'hunter2' });
    assert.equal(wrong.code, 1);
    assert.doesNotMatch([...wrong.stdout, ...wrong.stderr].join('\n'), /hunter2/);
    await using known = startCli(user, { MILLRACE_NATS_PASSWORD: 's3cret' });
    await known.waitForLine(/RUNNING/);
    assert.deepEqual(await known.end('SIGTERM'), { code: 0, signal: null });
    const file = join(directory, 'password');
    writeFileSync(file, 's3cret\n');
    await using byFile = startCli([...user, '--nats-password-file', file, '--json']);
    await byFile.waitForLine(/RUNNING/);
    const witness = await startMosquittoSub({ port: broker.port, topic: 'out' });
    await publishAll({ port: broker.port, topic: 'in' }, texts(1, 5));
    await witness.untilCount(5);
    assert.deepEqual(await byFile.end('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(
      linesOf(byFile).filter(({ event }) => event === 'snapshot-failed' || event === 'cluster-unreachable'),
      [],
    );
  });
});

describe('wrong usage of millrace run --cluster', SUITE_LIMIT, () => {
  const CASES: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an option of a cluster without one', ['--partitions', '2'], /--partitions is of --cluster, which is missing/],
    ['a URL with a user', ['--cluster', 'nats://me:hunter2@host'], /without a user: that is --nats-user/],
    ['a user without a password', ['--cluster', 'nats://h', '--nats-user', 'me'], /MILLRACE_NATS_PASSWORD/],
    ['a password without a user', ['--cluster', 'nats://h', '--nats-password-env', 'PW'], /give --nats-user/],
    ['two ways to say who we are', ['--cluster', 'nats://h', '--nats-user', 'me', '--nats-creds', 'f'], /exclude/],
    ['half of a pair of files', ['--cluster', 'nats://h', '--nats-cert', 'f'], /--nats-key is missing/],
    ['a lease that is too short', ['--cluster', 'nats://h', '--lease', '100'], /--lease must be .* at least 500/],
    ['an even number of copies', ['--cluster', 'nats://h', '--replicas', '2'], /--replicas must be 1, 3 or 5/],
    ['a node id that is no name', ['--cluster', 'nats://h', '--node-id', 'a.b'], /--node-id must be/],
  ];
  for (const [what, args, expected] of CASES)
    it(`${what} is refused, and no secret is shown`, async () => {
      const result = await runCli(['run', 'job.mjs', ...args], { PW: 'hunter2' });
      assert.equal(result.code, 2);
      assert.match(result.stderr[0] ?? '', expected);
      assert.doesNotMatch(result.stderr.join('\n'), /hunter2/);
    });

  it('a job without a name is refused on a cluster', async () => {
    const file = join(directory, 'nameless.mjs');
    const lines = [
      `import { Pipeline, Sinks, TestSources } from '${INDEX}';`,
      'const pipeline = Pipeline.create();',
      'pipeline.readFrom(TestSources.items(1)).writeTo(Sinks.noop());',
      'export default pipeline;',
    ];
    writeFileSync(file, lines.join('\n'));
    const result = await runCli(['run', file, '--cluster', 'nats://127.0.0.1:1']);
    assert.equal(result.code, 2);
    assert.match(result.stderr[0] ?? '', /must have a name/);
  });

  it('servers that are away are one line and exit code 1', async () => {
    const file = join(directory, 'away.mjs');
    const lines = [
      `import { Pipeline, Sinks, TestSources } from '${INDEX}';`,
      'const pipeline = Pipeline.create();',
      'pipeline.readFrom(TestSources.items(1)).writeTo(Sinks.noop());',
      'export default pipeline;',
      "export const config = { name: 'away' };",
    ];
    writeFileSync(file, lines.join('\n'));
    const result = await runCli(['run', file, '--cluster', 'nats://127.0.0.1:1', '--json']);
    assert.equal(result.code, 1);
    assert.equal(linesOf(result).at(-1)?.event, 'failed');
    assert.match(result.stderr.at(-1) ?? '', /NATS at 127\.0\.0\.1:1/);
  });
});
