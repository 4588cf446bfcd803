import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type ServeOptions, serve } from '../../src/http/index.js';
import { Engine, Pipeline, Sinks, SourceBuilder, TestSources } from '../../src/index.js';
import { ask, type RawRequest, rawRequest, readAnswer } from '../support/http/ask.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

const TOKEN = randomBytes(16).toString('hex');
const AUTHORIZED = `Authorization: Bearer ${TOKEN}`;
const JSON_TYPE = 'Content-Type: application/json';

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(10, () => 1)).writeTo(Sinks.noop());
  return pipeline;
};

/** An engine with one job that runs, `orders`, and a server beside it. */
const servedJob = async (options: ServeOptions) => {
  const engine = Engine.embedded();
  const served = await serve(engine, { port: 0, warnings: false, ...options });
  const job = engine.newJob(endless(), { name: 'orders' });
  await job.whenRunning();
  return {
    engine,
    served,
    job,
    port: served.port ?? 0,
    [Symbol.asyncDispose]: async () => {
      await served.close();
      await engine.shutdown();
    },
  };
};

const suspend = (changed: Partial<RawRequest> = {}): RawRequest => ({
  method: 'POST',
  path: '/api/jobs/orders/suspend',
  headers: [AUTHORIZED, JSON_TYPE],
  body: '{}',
  ...changed,
});

/** What a page of somebody else's, or a program without the token, may send at loopback, and what it gets. */
const REFUSED: readonly (readonly [what: string, request: RawRequest, status: number])[] = [
  ['a name that was rebound to loopback', { path: '/api/jobs', host: 'evil.example' }, 421],
  ['no Host', { path: '/api/jobs', host: null }, 400],
  ['two Hosts', { path: '/api/jobs', headers: ['Host: evil.example'] }, 421],
  ['an Origin of others', { path: '/api/jobs', headers: ['Origin: http://evil.example'] }, 403],
  [
    'a preflight',
    { method: 'OPTIONS', path: '/api/jobs/orders/suspend', headers: ['Origin: http://evil.example'] },
    403,
  ],
  ['a token in the query', { path: `/api/jobs?token=${TOKEN}` }, 400],
  ['a whole URL', { path: 'http://evil.example/api/jobs' }, 400],
  ['what there is not', { path: '/etc/passwd' }, 404],
  ['what lies beside the page', { path: '/page/../serve.ts' }, 404],
  ['what lies beside the page, encoded', { path: '/page/..%2fserve.js' }, 404],
  ['what is no part of the page', { path: '/page/tsconfig.json' }, 404],
  ['a script that the page has not', { path: '/page/serve.js' }, 404],
  ['the page by POST', { method: 'POST', path: '/' }, 405],
  ['control by GET', suspend({ method: 'GET' }), 405],
  ['control without the token', suspend({ headers: [JSON_TYPE] }), 401],
  ['control as a form', suspend({ headers: [AUTHORIZED, 'Content-Type: application/x-www-form-urlencoded'] }), 415],
  ['control as text', suspend({ headers: [AUTHORIZED, 'Content-Type: text/plain'] }), 415],
  ['control from an Origin of others', suspend({ headers: [AUTHORIZED, JSON_TYPE, 'Origin: null'] }), 403],
  ['control under a name that was rebound', suspend({ host: 'evil.example' }), 421],
  ['a body that is too long', suspend({ body: ' '.repeat(2000) }), 413],
  ['a body that is no JSON', suspend({ body: '{' }), 400],
  ['a body that is no object', suspend({ body: '[]' }), 400],
  ['a job that there is not', suspend({ path: '/api/jobs/other/suspend' }), 404],
  ['an action that there is not', suspend({ path: '/api/jobs/orders/cancel' }), 404],
  ['headers that are too long', { path: '/live', headers: [`X: ${'x'.repeat(20_000)}`] }, 431],
];

describe('a server of jobs, asked byte by byte', SUITE_LIMIT, () => {
  it('refuses at loopback what a page of others could send, and the job runs on; no answer lets another origin read', async () => {
    await using rig = await servedJob({ token: TOKEN, allowControl: true });
    for (const [what, request, status] of REFUSED) {
      const { status: got, headers, body } = await ask(rig, request);
      assert.equal(got, status, `${what}: ${body}`);
      assert.deepEqual(
        [...headers.keys()].filter((name) => name.startsWith('access-control')),
        [],
        what,
      );
      assert.ok(!body.includes(TOKEN) && !body.includes('evil.example'), what);
    }
    assert.equal(rig.job.status, 'RUNNING');
    assert.equal(
      (await ask(rig, suspend({ headers: [AUTHORIZED, JSON_TYPE, `Origin: http://127.0.0.1:${rig.port}`] }))).status,
      200,
    );
    assert.equal(rig.job.status, 'SUSPENDED');
  });

  it('is read-only unless control is allowed, whoever has the token', async () => {
    await using rig = await servedJob({ token: TOKEN });
    assert.equal((await ask(rig, suspend())).status, 403);
    assert.equal(rig.job.status, 'RUNNING');
  });

  it('where others reach it gives the status of probes without the token, reasons and all else only with it', async () => {
    await using rig = await servedJob({ host: '0.0.0.0', token: TOKEN });
    await rig.job.suspend();
    for (const path of ['/metrics', '/api/jobs', '/api/events', '/nothing'])
      assert.deepEqual([path, (await ask(rig, { path })).status], [path, 401]);
    assert.deepEqual(JSON.parse((await ask(rig, { path: '/live' })).body), { status: 'live' });
    // the page asks for the token: there is nothing of the jobs in it
    for (const path of ['/', '/page/main.js', '/page/page.css', '/page/icon.svg']) {
      const { status, body } = await ask(rig, { path });
      assert.deepEqual([status, body.includes('orders')], [200, false], path);
    }
    const untold = await ask(rig, { path: '/ready' });
    assert.deepEqual([untold.status, JSON.parse(untold.body)], [503, { status: 'not-ready' }]);
    const told = await ask(rig, { path: '/ready', headers: [AUTHORIZED] });
    assert.deepEqual(JSON.parse(told.body), { status: 'not-ready', reasons: ['job "orders" is SUSPENDED'] });
    assert.equal((await ask(rig, { path: '/metrics', headers: [AUTHORIZED] })).status, 200);
  });

  it('says at each start that others reach it without TLS, as a warning of the process without the token', async () => {
    const warned = once(process, 'warning');
    await using rig = await servedJob({ host: '0.0.0.0', token: TOKEN, warnings: true });
    const [warning] = await warned;
    assert.equal(warning.code, 'MILLRACE_HTTP_NOT_ENCRYPTED');
    assert.ok(!`${warning.message}${warning.detail}`.includes(TOKEN));
    assert.equal(rig.served.exposed, true);
  });

  it('after a wrong token compares none for a while, not even the right one; then the right one is taken again', async () => {
    await using rig = await servedJob({ host: '0.0.0.0', token: TOKEN });
    const wrong = `Authorization: Bearer ${randomBytes(16).toString('hex')}`;
    assert.equal((await ask(rig, { path: '/api/jobs', headers: [wrong] })).status, 401);
    const early = await ask(rig, { path: '/api/jobs', headers: [AUTHORIZED] });
    assert.deepEqual([early.status, early.headers.get('retry-after')], [429, '1']);
    const statuses = new Set<number>();
    while (!statuses.has(200)) statuses.add((await ask(rig, { path: '/api/jobs', headers: [AUTHORIZED] })).status);
    assert.deepEqual([...statuses].sort(), [200, 429]);
  });

  it('sends with each answer what keeps foreign text from being a page: no script, no sniffing, no frame, no referrer, no store', async () => {
    await using rig = await servedJob({});
    for (const path of ['/', '/page/main.js', '/live', '/api/jobs', '/metrics', '/nothing']) {
      const { headers } = await ask(rig, { path });
      assert.match(
        headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'/,
      );
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('cache-control'), 'no-store');
    }
  });

  it('closes a connection above the most that there may be, and one whose request does not come', async () => {
    await using rig = await servedJob({ maxConnections: 2 });
    const idle = [connect(rig.port, '127.0.0.1'), connect(rig.port, '127.0.0.1')];
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    assert.equal((await ask(rig, { path: '/live' })).status, 0);
    // a request line for ever
    idle[0]?.write('GET /live HTTP/1.1\r\nHost: loc');
    const [slow] = await Promise.all(idle.map(readAnswer));
    assert.equal(slow?.status, 408);
    assert.equal((await ask(rig, { path: '/live' })).status, 200);
  });

  it('outlives who is gone before the answer, and bytes that are no request', async () => {
    await using rig = await servedJob({ token: TOKEN, allowControl: true });
    let open = (): void => {};
    const late = SourceBuilder.stream('late', () => new Promise<void>((resolve) => (open = resolve)))
      .fillBufferFn(() => {})
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(late).writeTo(Sinks.noop());
    const job = rig.engine.newJob(pipeline, { name: 'late' });
    await job.suspend();
    const resume = suspend({ path: '/api/jobs/late/resume' });
    const gone = connect(rig.port, '127.0.0.1');
    await once(gone, 'connect');
    gone.write(rawRequest(rig.port, resume));
    await until(() => job.status === 'STARTING');
    gone.resetAndDestroy();
    open();
    await job.whenRunning();
    const noise = connect(rig.port, '127.0.0.1');
    noise.write(randomBytes(64));
    assert.equal((await readAnswer(noise)).status, 400);
    assert.equal((await ask(rig, { path: '/live' })).status, 200);
  });
});
