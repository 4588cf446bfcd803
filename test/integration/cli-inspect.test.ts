import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { InspectionReport, PartitionReport } from '../../src/cli/inspect/inspection-report.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { startChild } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { damageText, storeFile } from '../support/kill/kill-store.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

// Inside the checkout, so that the module resolves its packages as a user's project would.
const modules = mkdtempSync(fileURLToPath(new URL('../../.cli-inspect-', import.meta.url)));
after(() => rmSync(modules, { recursive: true }));
const { index: INDEX } = await buildOnce();

/** Counts the messages of each topic, and hangs at those that say so. */
const moduleFile = (from: string, to: string): string => {
  const path = join(modules, 'count.mjs');
  writeFileSync(
    path,
    `import { MqttSinks, MqttSources, Pipeline } from '${INDEX}';
const pipeline = Pipeline.create();
const items = pipeline.readFrom(MqttSources.builder().clientId('reader').broker('${from}').topic('in/#').qualityOfService(2)
  .keepSession().mapToItemFn((topic, message) => ({ topic, text: message.toString() })).build());
items.groupingKey(({ topic }) => topic)
  .mapStateful(() => ({ count: 0 }), (state, key, { text }, timers) => {
    state.count += 1;
    timers.set('late', 4e12);
    return { key, text: state.count + ' ' + text };
  }, { onTimer: () => undefined })
  .setName('count')
  .writeTo(MqttSinks.builder({ clientId: 'writer', broker: '${to}',
    messageFn: ({ key, text }) => ({ topic: 'out/' + key, payload: text, qos: 2 }) }).build()).setName('out');
items.filter(({ text }) => text === 'hang').mapAsync(() => new Promise(() => {})).setName('call')
  .writeTo(MqttSinks.builder({ clientId: 'other', broker: '${from}', topic: 'never' }).build()).setName('never');
export const config = { name: 'counter', processingGuarantee: 'exactly-once' };
export default pipeline;
`,
  );
  return path;
};

const inspect = async (dir: string, ...args: string[]): Promise<{ report: InspectionReport; code: number | null }> => {
  const { stdout, stderr, code } = await runCli(['inspect', dir, '--json', ...args]);
  assert.equal(stdout.length, 1, stderr.join('\n'));
  return { report: JSON.parse(stdout[0] ?? ''), code };
};

const only = ({ partitions }: InspectionReport): PartitionReport => {
  const [partition, ...more] = partitions;
  assert.ok(partition !== undefined && more.length === 0);
  return partition;
};

/** Names, sizes, times and content of all that is below. */
const printOf = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs, ctimeMs, mode, ino } = statSync(join(dir, name));
      const content = statSync(join(dir, name)).isFile() ? readFileSync(join(dir, name)) : '';
      return [name, size, mtimeMs, ctimeMs, mode, ino, createHash('sha256').update(content).digest('hex')].join(' ');
    });

test(
  'what a job has stored is told beside it, and after a kill -9; damage is told and the rest is shown',
  LIMIT,
  async () => {
    const [from, to] = await Promise.all([startMosquitto(), startMosquitto({ persistence: true })]);
    const dir = join(tempDir('cli-inspect'), 'state');
    const job = ['run', moduleFile(from.url, to.url), '--dir', dir];
    let witness = await startMosquittoSub({ port: to.port });
    let runner = startCli(job);
    await runner.waitForLine(/RUNNING/);
    await publishAll({ port: from.port, topic: 'in/a', qos: 2 }, ['1', '2', '3']);
    await publishAll({ port: from.port, topic: 'in/\u202ered', qos: 2 }, ['4', 'hang']);
    await witness.untilCount(5);
    await to.stop();
    const awayMs = Date.now();
    await publishAll({ port: from.port, topic: 'in/b', qos: 2 }, ['5', '6\u001b[2J']);

    const found = await until(async () => {
      const { report, code } = await inspect(dir);
      assert.deepEqual([code, report.problems, only(report).problems], [0, [], []]);
      const outbox = only(report).contents?.sinks.find(({ name, storedAs }) => name === 'writer' && storedAs === 'out')
        ?.outboxes[0];
      return outbox?.rows === 2 && only(report).contents?.sources[0]?.inbound === 0 ? report : undefined;
    });
    assert.match(found.owner ?? '', new RegExp(`^process ${runner.pid} on `));
    const { job: name, log, contents, complete } = only(found);
    assert.deepEqual([name, log?.segments, complete], ['counter', 1, true]);
    const [source] = contents?.sources ?? [];
    assert.ok(source?.position !== undefined && source.position > 0);
    const [session] = source.sessions;
    assert.deepEqual(
      [session?.clientId, session?.phase, session?.subscriptions],
      ['reader', 'established', [{ filter: 'in/#', qos: 2, granted: 2 }]],
    );
    const [count, call] = ['count', 'call'].map((stage) => contents?.stages.find((one) => one.name === stage));
    assert.deepEqual([count?.keys, call?.pendingCalls], [3, 1]);
    assert.deepEqual([count?.timers, count?.nextTimer], [3, '2096-10-02T07:06:40.000Z']);
    assert.equal(contents?.unknownKeys, 0);
    const oldest = contents?.sinks.find(({ storedAs }) => storedAs === 'out')?.outboxes[0]?.oldest;
    assert.equal(oldest?.topic, 'out/in/b');
    const waitsMs = Date.now() - Date.parse(oldest?.storedAt ?? '');
    assert.ok(waitsMs >= 0 && waitsMs <= Date.now() - awayMs + 1000, `${waitsMs} ms`);

    const text = await runCli(['inspect', dir]);
    assert.match(text.stdout.join('\n'), /stage count: 3 timers, the next look at 2096-10-02/);
    assert.match(text.stdout.join('\n'), /^ {2}sink writer \(stored as out\): reached$/m);
    assert.match(
      text.stdout.join('\n'),
      /outbox \S+: 2 rows, .*; oldest is 5 to out\/in\/b, \d+ B, there since \d{4}-\S+Z/,
    );
    const state = await inspect(dir, '--stage', 'count', '--key', 'in/\u202ered');
    assert.equal(only(state.report).states[0]?.value, '{ count: 2 }');
    assert.match(
      (await runCli(['inspect', dir, '--stage', 'count', '--key', 'in/\u202ered'])).stdout.join('\n'),
      /key in\/\\u202ered \(string\).*\{ count: 2 \}/,
    );
    const row = await inspect(dir, '--sink', 'out', '--seq', '6');
    assert.deepEqual(only(row.report).rows[0]?.payload, { text: '2 6\u001b[2J' });
    const shown = await runCli(['inspect', dir, '--sink', 'writer', '--seq', '6']);
    assert.match(shown.stdout.at(-1) ?? '', /row 6, to out\/in\/b, QoS 2: 2 6\\u001b\[2J$/);
    assert.deepEqual((await runCli(['inspect', dir, '--sink', 'out', '--seq', '6', '--raw'])).stdout, ['2 6\u001b[2J']);

    for (const [args, said] of [
      [['--sink', 'out', '--seq', '999'], /no outbox of a sink out has the row 999/],
      [['--sink', 'none', '--seq', '6', '--raw'], /no outbox of a sink none has the row 6/],
      [['--stage', 'count', '--key', 'none'], /nothing is stored for the key none of a stage count/],
      [['--job', 'none'], /job none: nothing is stored here/],
    ] as const) {
      const none = await runCli(['inspect', dir, ...args]);
      assert.equal(none.code, 1, args.join(' '));
      assert.match(none.stderr.join('\n'), said);
      assert.doesNotMatch(none.stdout.join('\n'), /no job has anything/);
    }

    await runner.end('SIGKILL');
    const before = printOf(dir);
    const { report: after } = await inspect(dir);
    assert.deepEqual(only(after).contents?.stages, contents?.stages);
    assert.equal(only(after).contents?.sinks.find(({ storedAs }) => storedAs === 'out')?.outboxes[0]?.rows, 2);
    assert.deepEqual(printOf(dir), before);

    // the owner lost nothing by all the looks
    await to.start();
    witness = await startMosquittoSub({ port: to.port });
    runner = startCli(job);
    const last = await witness.untilCount(2);
    assert.deepEqual(
      last.map(({ text: payload }) => payload),
      ['1 5', '2 6\u001b[2J'],
    );
    await runner.end('SIGTERM');

    const segment = storeFile({ dir });
    const moved = `${segment}.moved`;
    renameSync(segment, moved);
    symlinkSync(moved, segment);
    const linked = await inspect(dir);
    assert.equal(linked.code, 1);
    assert.match(String(only(linked.report).problems[0]?.message), /is a symbolic link/);
    rmSync(segment);
    renameSync(moved, segment);

    damageText({ dir }, '2 6');
    const damaged = await inspect(dir);
    assert.equal(damaged.code, 1);
    assert.match(String(only(damaged.report).problems[0]?.message), /is damaged, and what is behind it cannot be read/);
    assert.ok((only(damaged.report).contents?.stages.find((one) => one.name === 'count')?.keys ?? 0) >= 2);
  },
);

test(
  'a directory that no job has as its own is told by what it is, and nobody is told to change its mode',
  LIMIT,
  async () => {
    const parent = tempDir('cli-inspect-places');
    const place = (name: string, ...files: readonly string[]): string => {
      const path = join(parent, name);
      mkdirSync(path);
      for (const file of files) writeFileSync(join(path, file), '', { mode: 0o600 });
      return path;
    };
    const open = place('open', 'some.conf');
    chmodSync(open, 0o777);
    const job = place('job-a-0123456789ab');
    mkdirSync(join(job, 'partition-0.log'));
    for (const [path, code, said] of [
      [place('empty'), 1, /empty is empty: no job has had it/],
      [open, 1, /open is no directory of Millrace: .*Name what the job has as --dir/],
      [job, 1, /is the directory of one job: name the one that it is in/],
      [join(parent, 'none'), 2, /there is no directory .*none/],
      [join(open, 'some.conf'), 2, /some.conf is no directory/],
    ] as const) {
      const told = await runCli(['inspect', path]);
      assert.deepEqual([told.code, told.stdout], [code, []], path);
      assert.match(told.stderr.join('\n'), said);
      assert.doesNotMatch(told.stderr.join('\n'), /chmod/);
    }
    const unused = await runCli(['inspect', place('unused', 'owner.lock')]);
    assert.deepEqual([unused.code, unused.stdout.at(-1)], [0, 'no job has anything stored here']);
    assert.equal((await inspect(join(parent, 'empty'))).report.kind, 'empty');
  },
);

test('an output that cannot be written is a failure, one that nobody reads any more is none', LIMIT, async () => {
  const dir = tempDir('cli-inspect-output');
  writeFileSync(join(dir, 'owner.lock'), '', { mode: 0o600 });
  const { nodeArgs, main } = await buildOnce();
  const inspected = async (script: string) => {
    const shell = startChild('sh', ['-c', script, 'sh', process.execPath, ...nodeArgs, main, 'inspect', dir]);
    const { code } = await shell.exited;
    return { code, said: shell.stderr.join('\n') };
  };
  const full = await inspected('"$@" > /dev/full');
  assert.equal(full.code, 1);
  assert.match(full.said, /the output cannot be written: ENOSPC/);
  assert.deepEqual(await inspected('{ "$@"; echo "exit $?" >&2; } | true'), { code: 0, said: 'exit 0' });
});
