import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serve } from '../../src/http/index.js';
import type { ToldLetters } from '../../src/http/letters/list-letters.js';
import { DeadLetters, Engine, Pipeline, Sinks, TestSources } from '../../src/index.js';
import { ask, rawRequest } from '../support/http/ask.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const MARKUP = '<script>alert(1)</script>';

/** A job that goes on, and whose letters are the payloads, in a file. */
async function startJob(engine: Engine, file: string, payloads: readonly string[]): Promise<void> {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.itemStream(2000, (_, sequence) => payloads[sequence] ?? ''))
    .filter((payload) => payload !== '')
    .peek(
      () => {
        throw new Error(`no ${MARKUP}`);
      },
      { onError: { deadLetter: DeadLetters.file(file) } },
    )
    .setName('picky')
    .writeTo(Sinks.noop());
  await engine.newJob(pipeline, { name: 'orders' }).whenRunning();
  await until(() => lettersIn(file).length === payloads.length);
}

const lettersIn = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

type Place = Parameters<typeof ask>[0];

/** A list is a second old at most: until it is as wanted. */
async function listed(place: Place, isWanted: (told: ToldLetters) => boolean): Promise<ToldLetters> {
  return until(async () => {
    const { status, body } = await ask(place, { path: '/api/dead-letters' });
    assert.equal(status, 200);
    const [file] = JSON.parse(body).files as readonly ToldLetters[];
    return file !== undefined && isWanted(file) ? file : undefined;
  });
}

describe('dead letters over HTTP', SUITE_LIMIT, () => {
  it('are told of without their payloads, which are given as attachments of no type', async () => {
    await using engine = Engine.embedded({ warnings: false });
    const path = join(tempDir('letters'), 'http');
    await using _served = await serve(engine, { path });
    const file = join(tempDir('letters'), 'letters.jsonl');
    await startJob(engine, file, ['first', MARKUP, 'third']);
    const told = await listed({ path }, ({ letters }) => letters.length === 3);
    assert.deepEqual([told.job, told.file, told.earlier], ['orders', file, false]);
    const [third, second] = told.letters;
    assert.deepEqual(
      [second?.bytes, second?.origin, second?.topic, third?.bytes],
      [MARKUP.length, 'picky', undefined, 5],
    );
    assert.match(second?.error.message ?? '', /no <script>/);
    assert.ok(!JSON.stringify(told).includes('third'));
    const given = await ask({ path }, { path: `/api/dead-letters/${second?.id}/payload` });
    assert.deepEqual([given.status, given.body], [200, MARKUP]);
    assert.equal(given.headers.get('content-type'), 'application/octet-stream');
    assert.match(given.headers.get('content-disposition') ?? '', /^attachment; filename="letter-\d+\.bin"$/);
    assert.equal(given.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(given.headers.get('cache-control'), 'no-store');
  });

  it('which are no more there, were never, or are of another job, are not given', async () => {
    await using engine = Engine.embedded({ warnings: false });
    const path = join(tempDir('letters'), 'http');
    await using _served = await serve(engine, { path });
    const file = join(tempDir('letters'), 'letters.jsonl');
    await startJob(engine, file, ['one', 'two']);
    const { letters } = await listed({ path }, (told) => told.letters.length === 2);
    const [two, one] = letters;
    const payloadOf = async (id: string) => ask({ path }, { path: `/api/dead-letters/${id}/payload` });
    const [id = '', offset, time] = (two?.id ?? '').split('-');
    assert.equal((await payloadOf(`${id}-${offset}-${Number(time) + 1}`)).status, 404);
    assert.equal((await payloadOf(`${id}-${Number(offset) + 1}-${time}`)).status, 404);
    assert.equal((await payloadOf(`${'0'.repeat(16)}-0-${time}`)).status, 404);
    assert.equal((await payloadOf('../../etc/passwd')).status, 404);
    // the first is dropped: what stands at its place is another
    const [, line] = lettersIn(file);
    writeFileSync(file, `${line?.replace('"timestamp":"2', '"timestamp":"3')}\n`);
    assert.equal((await payloadOf(one?.id ?? '')).status, 404);
    // the file of somebody else's choice
    const other = join(tempDir('letters'), 'secret');
    writeFileSync(other, `${line}\n`, { mode: 0o600 });
    rmSync(file);
    symlinkSync(other, file);
    const { status, body } = await payloadOf(`${id}-0-${time}`);
    assert.equal(status, 409);
    assert.match(body, /is a symbolic link/);
    const told = await listed({ path }, ({ problem }) => problem !== undefined);
    assert.deepEqual([told.letters.length, /is a symbolic link/.test(told.problem ?? '')], [0, true]);
  });

  it('are the last 50 of a file, read from its end, and where its last is a large one from further before', async () => {
    await using engine = Engine.embedded({ warnings: false });
    const path = join(tempDir('letters'), 'http');
    await using _served = await serve(engine, { path });
    const file = join(tempDir('letters'), 'letters.jsonl');
    await startJob(
      engine,
      file,
      Array.from({ length: 60 }, (_, index) => `${index}`.padStart(4, '0')),
    );
    const { letters, earlier } = await listed({ path }, (told) => told.letters.length >= 50);
    assert.deepEqual([letters.length, earlier], [50, true]);
    const [line = '{}'] = lettersIn(file);
    const large = JSON.stringify({ ...JSON.parse(line), payload: Buffer.alloc(2_000_000, 'x').toString('base64') });
    // torn: it is still being written
    appendFileSync(file, `${large}\n{"timestamp":"`);
    const told = await listed({ path }, (one) => one.letters[0]?.bytes === 2_000_000);
    assert.equal(told.earlier, true);
    const [first] = told.letters;
    const given = await ask({ path }, { path: `/api/dead-letters/${first?.id}/payload` });
    assert.deepEqual([given.status, given.body.length], [200, 2_000_000]);
    // one that is too large to be held for a request is for the command
    const larger = JSON.stringify({ ...JSON.parse(line), payload: 'A'.repeat(17 * 1024 * 1024) });
    writeFileSync(file, `${larger}\n`);
    const time = Date.parse(JSON.parse(line).timestamp);
    const refused = await ask({ path }, { path: `/api/dead-letters/${first?.id.split('-')[0]}-0-${time}/payload` });
    assert.equal(refused.status, 409);
    assert.match(refused.body, /has a line of more than \d+ bytes.*millrace dead-letters show/);
  });

  it('are given to four at once that do not read, and the fifth is told to wait', async () => {
    await using engine = Engine.embedded({ warnings: false });
    const path = join(tempDir('letters'), 'http');
    await using _served = await serve(engine, { path });
    const file = join(tempDir('letters'), 'letters.jsonl');
    await startJob(engine, file, ['one']);
    const [line = '{}'] = lettersIn(file);
    writeFileSync(file, `${JSON.stringify({ ...JSON.parse(line), payload: 'A'.repeat(8_000_000) })}\n`);
    const told = await listed({ path }, ({ letters }) => letters[0]?.bytes === 6_000_000);
    const target = `/api/dead-letters/${told.letters[0]?.id}/payload`;
    const stalled = Array.from({ length: 4 }, () => connect(path));
    for (const socket of stalled) socket.on('error', () => {}).write(rawRequest(undefined, { path: target }));
    // what holds one has begun to get it
    for (const socket of stalled) await until(() => socket.read(1) !== null);
    const fifth = await ask({ path }, { path: target });
    assert.deepEqual([fifth.status, fifth.headers.get('retry-after')], [429, '1']);
    stalled[0]?.destroy();
    const next = await until(async () => {
      const given = await ask({ path }, { path: target });
      return given.status === 200 ? given : undefined;
    });
    assert.equal(next.body.length, 6_000_000);
    for (const socket of stalled) socket.destroy();
  });

  it('need the token where others reach them, as all else does', async () => {
    await using engine = Engine.embedded({ warnings: false });
    const token = randomBytes(16).toString('hex');
    await using served = await serve(engine, { host: '0.0.0.0', port: 0, token, warnings: false });
    const file = join(tempDir('letters'), 'letters.jsonl');
    await startJob(engine, file, ['one']);
    const at = { port: served.port ?? 0 };
    for (const path of ['/api/dead-letters', `/api/dead-letters/${'0'.repeat(16)}-0-0/payload`])
      assert.equal((await ask(at, { path })).status, 401, path);
    const headers = [`Authorization: Bearer ${token}`];
    const { status, body } = await ask(at, { path: '/api/dead-letters', headers });
    assert.deepEqual([status, JSON.parse(body).files.length], [200, 1]);
    const posted = await ask(at, { path: '/api/dead-letters', method: 'POST', headers });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  });
});
