import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalExitCode } from '../../../../src/cli/exit-code.js';
import { errorLine } from '../../../../src/cli/job/error-line.js';
import { Reporter } from '../../../../src/cli/job/reporter.js';
import { formatStats, statsBetween } from '../../../../src/cli/job/stats-line.js';
import { MillraceError } from '../../../../src/errors/index.js';

const recorded = (isTerminal: boolean) => {
  const texts = { stdout: '', stderr: '' };
  const stdout = (text: string) => {
    texts.stdout += text;
  };
  const stderr = (text: string) => {
    texts.stderr += text;
  };
  return {
    texts,
    output: { stdout, stderr, isTerminal, columns: () => 100, data: { isTerminal: false, write: async () => true } },
  };
};

const unused = { outbox: 0, outboxBytes: 0, commits: 0, commitSeconds: 0 };
const zero = { received: 0, delivered: 0, inFlight: 0, buffered: 0, reconnects: 0, ...unused };
const seen = { received: 3000, delivered: 2500, inFlight: 20, buffered: 480, reconnects: 1 };
const stats = statsBetween(zero, { ...seen, ...unused }, 500);

test('rates are per second whatever the interval', () => {
  assert.equal(formatStats(stats), 'in 6,000/s  out 5,000/s  in flight 20  buffered 480  reconnects 1  total 2,500');
  assert.equal(statsBetween(zero, { ...zero, received: 5 }, 0).receivedPerSecond, 0);
});

test('a job with a store shows its outbox and how long its commits take', () => {
  const stored = { outbox: 1200, outboxBytes: 9000, commits: 40, commitSeconds: 0.1 };
  const durable = statsBetween(zero, { ...seen, ...stored }, 500);
  assert.match(formatStats(durable), /buffered 480 {2}outbox 1,200 {2}commits 80\/s of 2\.5 ms {2}reconnects/);
  const idle = statsBetween({ ...seen, ...stored }, { ...seen, ...stored }, 500);
  assert.equal(idle.commitMs, 0);
});

test('an error is one line with its advice, whatever line breaks it has', () => {
  const error = new MillraceError('NOT_AUTHORIZED', 'the broker said:\nnot authorized', { advice: 'Check the\nuser.' });
  assert.equal(errorLine(error), 'the broker said: not authorized. Check the user.');
  assert.equal(errorLine(new Error('plain')), 'plain');
  assert.equal(errorLine('thrown text'), 'thrown text');
});

test('foreign words for errors of the network are put in plain ones', () => {
  const lines = [
    'cannot connect to mqtts://b: 800C2B5AA77F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/x.c:350:',
    'connection to mqtt://b broke: read ECONNRESET',
    'cannot connect to mqtt://b: connect ECONNREFUSED 127.0.0.1:1883',
  ].map((text) => errorLine(new MillraceError('CONNECT_FAILED', text)));
  assert.deepEqual(lines, [
    'cannot connect to mqtts://b: wrong version number',
    'connection to mqtt://b broke: the other end closed the connection',
    'cannot connect to mqtt://b: connection refused',
  ]);
});

test('each line for machines says how much it matters', () => {
  const { texts, output } = recorded(false);
  const reporter = new Reporter({ name: 'bridge' }, output, true);
  const tell = (event: 'connect' | 'disconnect' | 'note' | 'node-gone' | 'joined', facts: object = {}): void =>
    reporter.tell({ event, text: undefined, facts: { ...facts } });
  tell('connect');
  tell('disconnect', { next: 'retry' });
  tell('disconnect', { next: 'fail' });
  tell('note');
  tell('node-gone');
  tell('joined');
  reporter.failed(new MillraceError('STORE_FULL', 'the disk is full'));
  const levels = texts.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).level);
  assert.deepEqual(levels, ['info', 'warn', 'error', 'warn', 'warn', 'info', 'error']);
});

test('an error of our own in a function says nothing of the function', () => {
  const cause = new MillraceError('INVALID_TOPIC', 'no level 3', { advice: 'Narrow it.' });
  const error = new MillraceError('USER_FUNCTION_FAILED', 'messageFn threw: no level 3 (item 0)', { cause });
  assert.equal(errorLine(error), 'no level 3 (item 0). Narrow it.');
  assert.match(errorLine(new MillraceError('USER_FUNCTION_FAILED', 'messageFn threw: bug')), /^messageFn threw/);
});

test('a line of statistics never wraps: what wrapped could not be redrawn', () => {
  const { texts, output } = recorded(true);
  new Reporter(
    { name: 'bridge' },
    { ...output, columns: () => 20, data: { isTerminal: false, write: async () => true } },
    false,
  ).stats(stats);
  assert.equal(texts.stderr, `\r\u001b[K${formatStats(stats).slice(0, 19)}`);
});

test('a terminal shows the statistics in place, anything else a line each', () => {
  const terminal = recorded(true);
  const reporter = new Reporter({ name: 'bridge' }, terminal.output, false);
  reporter.stats(stats);
  reporter.stats(stats);
  reporter.tell({ event: 'stopped', text: 'stopped', facts: {} });
  const line = formatStats(stats);
  assert.equal(terminal.texts.stderr, `\r\u001b[K${line}\r\u001b[K${line}\r\u001b[Kmillrace bridge: stopped\n`);

  const plain = recorded(false);
  new Reporter({ name: 'bridge' }, plain.output, false).stats(stats);
  assert.equal(plain.texts.stderr, `${line}\n`);
  assert.equal(plain.texts.stdout, '');
});

test('with json every event is one line of JSON on stdout and failures still are one line on stderr', () => {
  const { texts, output } = recorded(false);
  const reporter = new Reporter({ name: 'bridge' }, output, true);
  reporter.stats(stats);
  reporter.tell({ event: 'reconnect', text: undefined, facts: { side: 'source' } });
  reporter.failed(new MillraceError('NOT_AUTHORIZED', 'not authorized'));
  const events = texts.stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  assert.deepEqual(
    events.map(({ event }) => event),
    ['stats', 'reconnect', 'failed'],
  );
  assert.equal(events[0].receivedPerSecond, 6000);
  assert.equal(events[2].error.code, 'NOT_AUTHORIZED');
  assert.equal(texts.stderr, 'millrace bridge: failed: not authorized\n');
});

test('errors and notes are in the words of the command, for people and for machines; facts are not touched', () => {
  const { texts, output } = recorded(false);
  const words = (text: string) => text.replaceAll('servername', '--servername');
  const reporter = new Reporter({ name: 'bridge', words }, output, true);
  const advice = 'set servername';
  reporter.tell({ event: 'note', text: 'note: servername', facts: { note: 'servername', topic: 'servername' } });
  reporter.tell({ event: 'disconnect', text: undefined, facts: { error: { code: 'TLS_REFUSED', advice } } });
  reporter.failed(new MillraceError('TLS_REFUSED', 'no', { advice }));
  const [note, disconnect, failed] = texts.stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  assert.deepEqual([note.note, note.topic], ['--servername', 'servername']);
  assert.deepEqual(disconnect.error, { code: 'TLS_REFUSED', advice: 'set --servername' });
  assert.equal(failed.error.advice, 'set --servername');
  assert.equal(texts.stderr, 'millrace bridge: note: --servername\nmillrace bridge: failed: no. set --servername\n');
});

test('a second signal gives the exit code of a shell', () => {
  assert.equal(signalExitCode('SIGINT'), 130);
  assert.equal(signalExitCode('SIGTERM'), 143);
});
