import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { test } from 'node:test';
import pino from 'pino';
import { Engine, MillraceError, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { hasDiagnosticSubscribers, publishDiagnostic } from '../../../src/metrics/diagnostics.js';
import { logTo } from '../../../src/metrics/index.js';
import { LIMIT } from '../../support/limits.js';

/** A logger of pino, and what it has written. */
const written = (level: string) => {
  const lines: { level: number; msg: string; millrace: Record<string, unknown> }[] = [];
  const logger = pino({ level, base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { logger, lines };
};

const error = new MillraceError('CONNECT_FAILED', 'no route', { advice: 'Look at the network.' }).toJSON();

test('what is told is logged with its level, as one field and a line of words, until it is disposed of', () => {
  const { logger, lines } = written('debug');
  {
    using _logged = logTo(logger);
    publishDiagnostic('disconnect', { name: 'source a', error, next: 'retry' });
    publishDiagnostic('disconnect', { name: 'source a', error, next: 'fail' });
    publishDiagnostic('reconnect', { name: 'source a', server: 'mqtt://h:1883' });
    publishDiagnostic('outbox-full', { job: 'j', sink: 'b', messages: 3, bytes: 9 });
    assert.equal(hasDiagnosticSubscribers('publish'), false);
  }
  publishDiagnostic('reconnect', { name: 'source a', server: 'mqtt://h:1883' });
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      [40, 'source a: disconnect: no route'],
      [50, 'source a: disconnect: no route'],
      [20, 'source a: reconnect'],
      [
        40,
        'j, b: outbox-full: the outbox is full: the sources that lead to it are not read until its destination takes some of it',
      ],
    ],
  );
  assert.deepEqual(lines[0]?.millrace, { event: 'disconnect', name: 'source a', error, next: 'retry' });
});

test('a job is logged by its kinds of events, and what ends it as an error', LIMIT, async () => {
  const { logger, lines } = written('info');
  using _logged = logTo(logger, { names: ['job'] });
  const pipeline = Pipeline.create();
  const fails = (): never => {
    throw new Error('broken');
  };
  pipeline.readFrom(TestSources.items(1)).map(fails).writeTo(Sinks.noop());
  await assert.rejects(Engine.embedded().newJob(pipeline, { name: 'logged' }).join());
  const last = lines.at(-1);
  assert.equal(last?.level, 50);
  assert.match(last?.msg ?? '', /^logged: status: FAILED: /);
  assert.equal(lines[0]?.level, 30);
  assert.match(JSON.stringify(last?.millrace), /"code":"USER_FUNCTION_FAILED"/);
});

test('what others choose is visible and bounded, and anything on a channel is logged', () => {
  const { logger, lines } = written('debug');
  using _logged = logTo(logger);
  publishDiagnostic('message-unmatched', { source: 's', topic: `\u001b[2J${'x'.repeat(5000)}` });
  channel('millrace:message-again').publish('no object');
  assert.equal(String(lines[0]?.millrace.topic).length, 1024);
  assert.match(String(lines[0]?.millrace.topic), /^\\u001b\[2J/);
  assert.deepEqual(lines[1]?.millrace, { event: 'message-again' });
});

test('a logger that throws is told once, and harms nobody', LIMIT, async () => {
  const warned = once(process, 'warning');
  const fails = (): never => {
    throw new Error('disk full');
  };
  using _logged = logTo({ debug: fails, info: fails, warn: fails, error: fails });
  publishDiagnostic('reconnect', { name: 'a', server: 'b' });
  publishDiagnostic('reconnect', { name: 'a', server: 'b' });
  const [warning] = await warned;
  assert.equal(warning.code, 'MILLRACE_OBSERVER_FAILED');
  assert.match(warning.message, /the logger failed: disk full/);
});

test('what is no logger, and a name that there is not, are refused', () => {
  assert.throws(() => logTo(Object.create(null)), /logger must be a logger/);
  assert.throws(() => logTo(written('info').logger, Object({ names: ['nothing'] })), /names\[0\]/);
});
