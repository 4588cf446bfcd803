import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '../../src/errors/index.js';
import { deadLetterRecord } from '../../src/mqtt/sink/dead-letters/dead-letter-record.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { freePort } from '../support/free-port.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

test(
  'letters of a running bridge are listed and shown beside it, dropped when it has stopped, and replayed',
  LIMIT,
  async () => {
    const from = await startMosquitto();
    const to = await startMosquitto({
      users: { bridge: 'secret', admin: 'secret' },
      acl: ['user bridge', 'topic write open/#', 'user admin', 'topic readwrite #'],
    });
    const dir = tempDir('cli-letters');
    const file = join(dir, 'letters.jsonl');
    await using bridge = startCli(
      [
        ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url, '--to-topic', '{topic}', '--mqtt', '5'],
        ...['--client-id', 'b', '--to-username', 'bridge', '--to-password-env', 'PW', '--on-error', 'dead-letter'],
        ...['--dead-letters', file],
      ],
      { PW: 'secret' },
    );
    await bridge.waitForLine(/RUNNING/);
    await publishAll({ port: from.port, topic: 'in/a', qos: 1 }, ['one', '\u001b[2Jtwo']);
    await publishAll({ port: from.port, topic: 'in/b', qos: 1 }, ['three']);
    await until(() => statSync(file, { throwIfNoEntry: false }) !== undefined && linesOf(file).length === 3);

    const { stdout: list } = await runCli(['dead-letters', 'list', '--file', file]);
    assert.equal(list.length, 3);
    assert.match(list[0] ?? '', /^1 {2}\d{4}-\S+ {2}PUBLISH_REFUSED {2}in\/a {2}3 B {2}b$/);
    const shown = await runCli(['dead-letters', 'show', '--file', file, '--number', '2']);
    assert.match(shown.stdout.join('\n'), /payload {4}\\u001b\[2Jtwo/);
    const raw = await runCli(['dead-letters', 'show', '--file', file, '--topic', 'in/b', '--raw']);
    assert.deepEqual(raw.stdout, ['three']);

    const drop = ['dead-letters', 'drop', '--file', file, '--topic', 'in/b'];
    const refused = await runCli(drop);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr.join('\n'), new RegExp(`is open in process ${bridge.pid}.*Stop the job`));
    await bridge.end('SIGTERM');
    assert.deepEqual((await runCli(drop)).stdout, ['dropped 1, kept 2']);
    assert.equal(linesOf(file).length, 2);
    assert.equal((await runCli(['dead-letters', 'drop', '--file', file])).code, 2);

    const witness = await startMosquittoSub({ port: to.port, username: 'admin', password: 'secret' });
    const replayed = await runCli(
      [
        ...['dead-letters', 'replay', '--file', file, '--error', 'PUBLISH_REFUSED', '--to', to.url],
        ...['--to-topic', 'again/{level.2}', '--username', 'admin', '--password-env', 'PW'],
      ],
      { PW: 'secret' },
    );
    assert.equal(replayed.code, 0, replayed.stderr.join('\n'));
    assert.match(replayed.stderr.join('\n'), /at least once.*Exactly once is by --dir/);
    assert.match(replayed.stderr.at(-1) ?? '', /: 2 letters replayed$/);
    const none = await runCli(
      [
        'dead-letters',
        'replay',
        '--file',
        file,
        '--error',
        'OTHER',
        '--to',
        to.url,
        '--username',
        'admin',
        '--password-env',
        'PW',
      ],
      { PW: 'secret' },
    );
    assert.equal(none.code, 0, none.stderr.join('\n'));
    assert.match(none.stderr.at(-1) ?? '', /nothing to replay in .*jsonl; lines that were left: 2 that are not meant$/);
    assert.deepEqual(
      (await witness.untilCount(2)).map(({ topic, text }) => [topic, text]),
      [
        ['again/a', 'one'],
        ['again/a', '\u001b[2Jtwo'],
      ],
    );
    const nowhere = ['--to', `mqtt://127.0.0.1:${await freePort()}`, '--connect-timeout', '0'];
    const stopped = startCli(['dead-letters', 'replay', '--file', file, ...nowhere]);
    await stopped.waitForLine(/cannot connect/);
    assert.deepEqual(await stopped.end('SIGINT'), { code: 0, signal: null });
    assert.match(stopped.stderr.at(-1) ?? '', /: stopped before the end of .*jsonl: 0 letters were read by then$/);
    const link = join(dir, 'link');
    symlinkSync(file, link);
    const linked = await runCli(['dead-letters', 'list', '--file', link]);
    assert.deepEqual([linked.code, linked.stdout], [2, []]);
    assert.match(linked.stderr[0] ?? '', /is a symbolic link/);
  },
);

/** As a job writes it. */
const lineOf = (text: string): string =>
  `${deadLetterRecord({
    payload: Buffer.from(text),
    attributes: { topic: 'lost/x' },
    error: new MillraceError('PUBLISH_REFUSED', 'refused'),
    attempt: 1,
    timestampMs: 0,
    origin: 'sink',
  })}\n`;

test(
  'a replay with a directory that is killed in the middle publishes each letter once, and later those that came since',
  LIMIT,
  async () => {
    const to = await startMosquitto({ config: ['max_queued_messages 0'] });
    const witness = await startMosquittoSub({ port: to.port });
    const dir = tempDir('cli-replay');
    const file = join(dir, 'letters.jsonl');
    const count = 3_000;
    const texts = Array.from({ length: count }, (_, index) => `letter ${index}`);
    const half = count / 2;
    writeFileSync(
      file,
      `${texts.slice(0, half).map(lineOf).join('')}no letter\n${texts.slice(half).map(lineOf).join('')}`,
      { mode: 0o600 },
    );
    const replay = [
      ...['dead-letters', 'replay', '--file', file, '--to', to.url, '--client-id', 'replay'],
      ...['--dir', join(dir, 'state')],
    ];
    for (const at of [1, count / 3]) {
      const killed = startCli(replay);
      await witness.untilCount(at);
      const { signal } = await killed.end('SIGKILL');
      assert.equal(signal, 'SIGKILL', 'it had ended before');
    }
    const ended = await runCli(replay);
    assert.equal(ended.code, 0, ended.stderr.join('\n'));
    await witness.untilCount(count);
    appendFileSync(file, `${lineOf('since')}{"timestamp":"torn`);
    assert.equal((await runCli(replay)).code, 0);
    await witness.untilCount(count + 1);
    await witness.untilQuiet(500);
    assert.deepEqual(witness.texts, [...texts, 'since']);

    const nothing = await runCli(replay);
    assert.equal(nothing.code, 0, nothing.stderr.join('\n'));
    assert.match(
      nothing.stderr.at(-1) ?? '',
      /nothing to replay in .*jsonl behind line 3002, up to which earlier runs have come$/,
    );
    assert.doesNotMatch(nothing.stderr.join('\n'), /not connected yet/);

    const other = await runCli([...replay, '--error', 'OTHER']);
    assert.equal(other.code, 1);
    assert.match(other.stderr.join('\n'), /is of a replay of other letters/);
  },
);

test('letters of a topic are listed without being taken, and replayed to their own topics, once', LIMIT, async () => {
  const from = await startMosquitto();
  const to = await startMosquitto({
    users: { bridge: 'secret', admin: 'secret' },
    acl: ['user bridge', 'topic write letters', 'user admin', 'topic readwrite #'],
  });
  const env = { PW: 'secret' };
  const admin = ['--username', 'admin', '--password-env', 'PW'];
  const queue = ['-L', to.url, '-t', 'letters', '-q', '2', '-c', '-i', 'replay', '-V', '5', '-E', ...admin];
  assert.equal((await runCli(['sub', ...queue], env)).code, 0);
  await using bridge = startCli(
    [
      ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url, '--to-topic', '{topic}', '--mqtt', '5'],
      ...['--client-id', 'b', '--to-username', 'bridge', '--to-password-env', 'PW', '--on-error', 'dead-letter'],
      ...['--dead-letter-topic', 'letters', '--qos', '2'],
    ],
    env,
  );
  await bridge.waitForLine(/RUNNING/);
  const watch = await startMosquittoSub({ port: to.port, topic: 'letters', username: 'admin', password: 'secret' });
  await publishAll({ port: from.port, topic: 'in/a', qos: 2 }, ['one', 'two', 'three']);
  await watch.untilCount(3);

  const at = ['--from', to.url, '--letters', 'letters', '--client-id', 'replay', ...admin];
  for (let look = 0; look < 2; look += 1) {
    const { stdout, stderr, code } = await runCli(['dead-letters', 'list', ...at], env);
    assert.deepEqual([code, stdout.length], [0, 3], stderr.join('\n'));
    assert.match(stdout[2] ?? '', /^3 {2}\d{4}-\S+ {2}PUBLISH_REFUSED {2}in\/a {2}5 B {2}b$/);
  }
  const chosen = await runCli(['dead-letters', 'list', ...at, '--number', '2', '--error', 'PUBLISH_REFUSED'], env);
  assert.deepEqual([chosen.code, chosen.stdout.length], [0, 1]);
  assert.match(chosen.stdout[0] ?? '', /^2 /);
  const witness = await startMosquittoSub({ port: to.port, topic: 'in/#', username: 'admin', password: 'secret' });
  const state = join(tempDir('cli-topic-replay'), 'state');
  const replayed = await runCli(['dead-letters', 'replay', ...at, '--dir', state, '--stop-after', '3'], env);
  assert.equal(replayed.code, 0, replayed.stderr.join('\n'));
  const seen = await witness.untilCount(3);
  assert.deepEqual(
    seen.map(({ topic, text, qos }) => [topic, text, qos]),
    ['one', 'two', 'three'].map((text) => ['in/a', text, 2]),
  );
  assert.deepEqual((await runCli(['dead-letters', 'list', ...at, '--idle', '1'], env)).stdout, []);
  assert.equal((await runCli(['dead-letters', 'drop', ...at], env)).code, 2);

  await publishAll({ port: from.port, topic: 'in/b', qos: 2 }, ['four', 'five']);
  await watch.untilCount(5);
  const file = join(tempDir('cli-topic-save'), 'letters.jsonl');
  const save = ['dead-letters', 'save', ...at, '--file', file];
  const first = await runCli([...save, '--stop-after', '1'], env);
  assert.deepEqual([first.code, first.stderr.length], [0, 1], first.stderr.join('\n'));
  assert.match(first.stderr.join(), /1 letter saved to /);
  assert.match((await runCli(save, env)).stderr.at(-1) ?? '', /1 letter saved to /);
  const { stdout } = await runCli(['dead-letters', 'list', '--file', file]);
  assert.deepEqual(
    stdout.map((line) => line.split('  ').slice(2)),
    ['four', 'five'].map((text) => ['PUBLISH_REFUSED', 'in/b', `${text.length} B`, 'b']),
  );
});
