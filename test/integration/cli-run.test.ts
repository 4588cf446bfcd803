import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { freePort } from '../support/free-port.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';

// Inside the checkout, so that the modules resolve `millrace` and tsx as a user's project would.
const directory = mkdtempSync(fileURLToPath(new URL('../../.cli-run-', import.meta.url)));
after(() => rmSync(directory, { recursive: true }));
const { index: INDEX } = await buildOnce();

const moduleFile = (name: string, lines: readonly string[]) => {
  const path = join(directory, name);
  writeFileSync(
    path,
    [`import { MqttSinks, MqttSources, Pipeline, Sinks, TestSources } from '${INDEX}';`, ...lines].join('\n'),
  );
  return path;
};

const FINITE = [
  'const pipeline = Pipeline.create();',
  "pipeline.readFrom(TestSources.items(1, 2, 3)).map((n) => 'item ' + n * 2).writeTo(Sinks.logger());",
];

test('a pipeline that ends ends the command with exit code 0', LIMIT, async () => {
  const result = await runCli(['run', moduleFile('finite.mts', [...FINITE, 'export default pipeline;'])]);
  assert.equal(result.code, 0, result.stderr.join('\n'));
  assert.deepEqual(result.stdout, ['item 2', 'item 4', 'item 6']);
  assert.match(result.stderr[0] ?? '', /RUNNING/);
});

test('a module may export a function, also an async one, and the options of the job', LIMIT, async () => {
  const lines = [...FINITE, 'export default async () => pipeline;', "export const config = { name: 'my-job' };"];
  const result = await runCli(['run', moduleFile('factory.ts', lines), '--json']);
  assert.equal(result.code, 0, result.stderr.join('\n'));
  const running = result.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  assert.equal(running[0].job, 'my-job');
});

test('JavaScript runs as well', LIMIT, async () => {
  const result = await runCli(['run', moduleFile('plain.mjs', [...FINITE, 'export default () => pipeline;'])]);
  assert.equal(result.code, 0, result.stderr.join('\n'));
});

test('a pipeline without end runs until SIGTERM, which drains it', LIMIT, async () => {
  const broker = await startMosquitto();
  const witness = await startMosquittoSub({ port: broker.port, topic: 'out' });
  const module = moduleFile('endless.mts', [
    'const pipeline = Pipeline.create();',
    `pipeline.readFrom(MqttSources.mqtt('${broker.url}', 'in', (_topic, message) => message.toString()))`,
    `  .map((text) => text.toUpperCase()).writeTo(MqttSinks.mqtt('${broker.url}', 'out'));`,
    'export default pipeline;',
  ]);
  await using job = startCli(['run', module]);
  await job.waitForLine(/RUNNING/);
  await publishAll({ port: broker.port, topic: 'in' }, ['a', 'b']);
  await witness.untilCount(2);
  assert.deepEqual(witness.texts, ['A', 'B']);
  assert.deepEqual(await job.end('SIGTERM'), { code: 0, signal: null });
});

test('a failing stage ends the command with exit code 1 and one line', LIMIT, async () => {
  const lines = [
    'const pipeline = Pipeline.create();',
    "pipeline.readFrom(TestSources.items(1)).map(() => { throw new Error('no\\nway'); }).writeTo(Sinks.noop());",
    'export default pipeline;',
  ];
  const result = await runCli(['run', moduleFile('failing.mts', lines)]);
  assert.equal(result.code, 1);
  const failures = result.stderr.filter((line) => line.includes('failed'));
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /no way/);
});

test(
  'a promise that never settles ends the command with exit code 1 and one line, when nothing else keeps it',
  LIMIT,
  async () => {
    const never = 'new Promise(() => {})';
    const call = [
      'const pipeline = Pipeline.create();',
      `pipeline.readFrom(TestSources.items(1)).mapAsync(() => ${never}).writeTo(Sinks.noop());`,
      'export default pipeline;',
    ];
    for (const [name, lines] of [
      ['never-called.mjs', call],
      ['never-made.mjs', [`export default () => ${never};`]],
      ['never-loaded.mjs', [`await ${never};`]],
    ] as const) {
      const result = await runCli(['run', moduleFile(name, lines)]);
      assert.equal(result.code, 1, name);
      const failures = result.stderr.filter((line) => !line.includes('RUNNING'));
      assert.deepEqual(failures.length, 1, name);
      assert.match(failures[0] ?? '', /a promise of a function of yours.* never settles\. .* timeoutMs\.$/, name);
    }
  },
);

test('the cause of a failing function is told with its place, for people and for machines', LIMIT, async () => {
  const lines = [
    'const pipeline = Pipeline.create();',
    'const broken = (item) => item.no.such;',
    'pipeline.readFrom(TestSources.items(1)).map((item) => broken(item)).writeTo(Sinks.noop());',
    'export default pipeline;',
  ];
  const module = moduleFile('broken-stage.mjs', lines);
  const result = await runCli(['run', module, '--json']);
  assert.match(result.stderr.at(-1) ?? '', /caused by TypeError: Cannot read .*, at .*broken-stage\.mjs:3:\d+$/);
  const failed = JSON.parse(result.stdout.at(-1) ?? '{}');
  assert.equal(failed.event, 'failed');
  assert.equal(failed.error.cause.name, 'TypeError');
  assert.match(failed.error.cause.message, /Cannot read/);
  assert.match(failed.error.cause.frame, /broken-stage\.mjs:3:\d+$/);
});

test('what a function of the connection threw is told without its text, which may be a secret', LIMIT, async () => {
  const lines = [
    'let asked = 0;',
    "const connectOptionsFn = () => { if (asked++ > 2) throw new RangeError('hunter2'); return { credentials }; };",
    "const credentials = () => { throw new RangeError('hunter2'); };",
    'const pipeline = Pipeline.create();',
    "const options = { topic: 't', connectOptionsFn, autoReconnect: false };",
    'pipeline.readFrom(MqttSources.builder(options).build()).writeTo(Sinks.noop());',
    'export default pipeline;',
  ];
  const result = await runCli(['run', moduleFile('secret.mjs', lines), '--json']);
  const text = [...result.stdout, ...result.stderr].join('\n');
  assert.equal(result.code, 1, text);
  assert.doesNotMatch(text, /hunter2/);
});

test('a module without a pipeline, and one that throws, say so', LIMIT, async () => {
  const empty = await runCli(['run', moduleFile('empty.mts', ['export default 42;'])]);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr[0] ?? '', /exports no pipeline by default/);
  const throwing = await runCli(['run', moduleFile('throwing.mts', ["throw new Error('broken module');"])]);
  assert.equal(throwing.code, 1);
  assert.match(throwing.stderr[0] ?? '', /cannot be loaded \(line 2\): broken module/);
  assert.equal(throwing.stderr.length, 1);
});

test('an error in the module is told with its place, or with the way to it', LIMIT, async () => {
  const broken = await runCli(['run', moduleFile('broken.mjs', ['const a = 1;', 'export default a +;'])]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr[0] ?? '', /cannot be loaded: Unexpected token.*node --check/);
});

test('an option of the job that does not exist, or a guarantee that does not, is wrong usage', LIMIT, async () => {
  const config = (text: string) => [...FINITE, 'export default pipeline;', `export const config = ${text};`];
  const misspelt = await runCli(['run', moduleFile('misspelt.mjs', config("{ procesingGuarantee: 'none' }"))]);
  assert.equal(misspelt.code, 2);
  assert.match(
    misspelt.stderr[0] ?? '',
    /the job has no option "procesingGuarantee", did you mean "processingGuarantee"\?/,
  );
  const unknown = await runCli(['run', moduleFile('unknown.mjs', config("{ processingGuarantee: 'once' }"))]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr[0] ?? '', /processingGuarantee must be 'none', 'at-least-once' or 'exactly-once'/);
});

test('the options of the job that a module exports are used', LIMIT, async () => {
  const config = "export const config = { onEvent: (event) => console.log('event', event.kind) };";
  const result = await runCli(['run', moduleFile('events.mjs', [...FINITE, 'export default pipeline;', config])]);
  assert.equal(result.code, 0, result.stderr.join('\n'));
  assert.ok(
    result.stdout.some((line) => line.startsWith('event ')),
    result.stdout.join('\n'),
  );
});

test('an onEvent of the module that rejects is told, and does not end the process', LIMIT, async () => {
  const broker = await startMosquitto();
  const module = moduleFile('rejects.mts', [
    'const pipeline = Pipeline.create();',
    `pipeline.readFrom(MqttSources.mqtt('${broker.url}', 'in')).writeTo(Sinks.noop());`,
    'export default pipeline;',
    "export const config = { onEvent: async () => Promise.reject(new Error('no database')) };",
  ]);
  await using job = startCli(['run', module]);
  await job.waitForLine(/onEvent failed at "status": no database/);
  await job.waitForLine(/RUNNING/);
  assert.deepEqual(await job.end('SIGTERM'), { code: 0, signal: null });
});

test('a broker that is not there is told at once, and when it is', LIMIT, async () => {
  const port = await freePort();
  const module = moduleFile('waiting.mts', [
    'const pipeline = Pipeline.create();',
    `pipeline.readFrom(MqttSources.mqtt('mqtt://127.0.0.1:${port}', 'in')).writeTo(Sinks.noop());`,
    'export default pipeline;',
  ]);
  await using job = startCli(['run', module]);
  await job.waitForLine(/cannot connect to mqtt:\S+: connection refused; trying again/);
  await startMosquitto({ port });
  await job.waitForLine(/connected to mqtt:\S+ again/);
  await job.waitForLine(/RUNNING/);
  assert.deepEqual(await job.end('SIGTERM'), { code: 0, signal: null });
});

test('what is stored for a sink that was taken away stops the start, until --give-up names it', LIMIT, async () => {
  const broker = await startMosquitto();
  const other = await startMosquitto();
  const witness = await startMosquittoSub({ port: broker.port, topic: 'out' });
  const module = (name: string, ...sinks: string[]) =>
    moduleFile(name, [
      'const pipeline = Pipeline.create();',
      `const items = pipeline.readFrom(MqttSources.builder().broker('${broker.url}').clientId('reader').keepSession()`,
      "  .topic('in').qualityOfService(2).mapToItemFn((_topic, message) => String(message)).build());",
      ...sinks,
      'export default pipeline;',
      "export const config = { name: 'gives-up', processingGuarantee: 'exactly-once' };",
    ]);
  const sink = (name: string, url: string) =>
    `items.writeTo(MqttSinks.builder().broker('${url}').clientId('${name}').topic('out').build()).setName('${name}');`;
  const both = module('both.mjs', sink('kept', broker.url), sink('gone', other.url));
  const one = module('one.mjs', sink('kept', broker.url));
  const dir = ['--dir', join(directory, 'given-up')];

  await using first = startCli(['run', both, ...dir]);
  await first.waitForLine(/RUNNING/);
  await other.stop();
  await publishAll({ port: broker.port, topic: 'in', qos: 2 }, ['a']);
  await witness.untilCount(1);
  assert.equal((await first.end('SIGTERM')).code, 0);

  const refused = await runCli(['run', one, ...dir]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr.at(-1) ?? '', /sink "gone" \(1 message\).*--give-up 'sink gone'/);

  await using last = startCli(['run', one, ...dir, '--give-up', 'sink gone', '--json']);
  const { time: _time, ...told } = JSON.parse(await last.waitForLine(/"event":"given-up"/));
  await last.waitForLine(/RUNNING/);
  assert.deepEqual(told, { event: 'given-up', level: 'warn', job: 'gives-up', part: 'sink gone', stored: '1 message' });
  await publishAll({ port: broker.port, topic: 'in', qos: 2 }, ['b']);
  await witness.untilCount(2);
  assert.deepEqual(witness.texts, ['a', 'b']);
  assert.equal((await last.end('SIGTERM')).code, 0);
});

test(
  'state of a stage that was renamed stops the start, until --drop-state names it; a wrong name is refused',
  LIMIT,
  async () => {
    const broker = await startMosquitto();
    const witness = await startMosquittoSub({ port: broker.port, topic: 'counted/#' });
    const module = (stage: string) =>
      moduleFile(`${stage}.mjs`, [
        'const pipeline = Pipeline.create();',
        `const items = pipeline.readFrom(MqttSources.builder().broker('${broker.url}').clientId('counter').keepSession()`,
        "  .topic('in').qualityOfService(2).mapToItemFn((_topic, message) => String(message)).build()).groupingKey(() => 'all');",
        'const count = (state) => String((state.count += 1));',
        'const counts = (name) => items.mapStateful(() => ({ count: 0 }), count).setName(name).writeTo(',
        `  MqttSinks.builder().broker('${broker.url}').clientId(name).topic('counted/' + name).build()).setName('to-' + name);`,
        `counts('kept'); counts('${stage}');`,
        'export default pipeline;',
        "export const config = { name: 'drops', processingGuarantee: 'exactly-once' };",
      ]);
    const dir = ['--dir', join(directory, 'dropped')];
    await using first = startCli(['run', module('before'), ...dir]);
    await first.waitForLine(/RUNNING/);
    await publishAll({ port: broker.port, topic: 'in', qos: 2 }, ['a']);
    await witness.untilCount(2);
    assert.equal((await first.end('SIGTERM')).code, 0);

    const refused = await runCli(['run', module('after'), ...dir]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr.at(-1) ?? '', /stage "before" \(state\).*--drop-state 'before'/);
    const wrong = await runCli(['run', module('after'), ...dir, '--drop-state', 'befor']);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr.join('\n'), /dropState names "befor", which is no stage of it: did you mean "before"/);

    await using last = startCli(['run', module('after'), ...dir, '--drop-state', 'before']);
    await last.waitForLine(/RUNNING/);
    await publishAll({ port: broker.port, topic: 'in', qos: 2 }, ['b']);
    await witness.untilCount(4);
    assert.deepEqual(witness.texts.slice(2).sort(), ['1', '2']);
    assert.equal((await last.end('SIGTERM')).code, 0);
  },
);

test('--dir says that nothing is kept there', LIMIT, async () => {
  const dir = join(directory, 'state');
  const result = await runCli(['run', moduleFile('dir.mts', [...FINITE, 'export default pipeline;']), '--dir', dir]);
  assert.equal(result.code, 0, result.stderr.join('\n'));
  assert.match(result.stderr.join('\n'), /nothing is kept in --dir/);
});
