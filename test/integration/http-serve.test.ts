import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../src/cluster/engine/cluster-engine.js';
import { type ServeOptions, serve } from '../../src/http/index.js';
import {
  AggregateOperations,
  Engine,
  type ErrorCode,
  MqttSinks,
  MqttSources,
  Pipeline,
  RetryStrategies,
  SinkBuilder,
  Sinks,
  TestSources,
} from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { makeCertificates } from '../support/certificates.js';
import { startChild } from '../support/child-process.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { freePort } from '../support/free-port.js';
import { ask } from '../support/http/ask.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const TOKEN = randomBytes(16).toString('hex');
const CONTROL = ['Content-Type: application/json', `Authorization: Bearer ${TOKEN}`];
const MARKUP = '<script>alert(1)</script>"\\\u001b[2J/\u2028end';

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(10, () => 1)).writeTo(Sinks.noop());
  return pipeline;
};

/** From `in/#` to `out`, of brokers that may be different. */
const copy = (from: string, to: string): Pipeline => {
  const connectOptionsFn = () =>
    ({ protocolVersion: 4, reconnectPeriod: 50, password: 'hidden', username: 'u' }) as const;
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder({ broker: from, clientId: 'in', topic: 'in/#', connectOptionsFn }).keepSession().build(),
    )
    .writeTo(MqttSinks.builder({ broker: to, clientId: 'out', topic: 'out', connectOptionsFn }).build());
  return pipeline;
};

/** What `serve` rejects with. */
const refusal = async (engine: Engine, code: ErrorCode, options: ServeOptions, message: RegExp): Promise<void> => {
  const error = await rejectsWith(code, serve(engine, options));
  assert.match(error.message, message);
};

describe('what is served of a job', SUITE_LIMIT, () => {
  it('is how it stands: plan, rates, lags, windows, sessions, events; ready with its connections, and why not without', async () => {
    const [from, to] = [await startAedes(), await startAedes()];
    await using engine = Engine.embedded();
    await using served = await serve(engine, { port: 0 });
    const at = { port: served.port ?? 0 };
    const json = async (path: string) => JSON.parse((await ask(at, { path })).body);
    assert.deepEqual(await json('/ready'), { status: 'not-ready', reasons: ['no job runs'] });
    const job = engine.newJob(copy(from.url, to.url), { name: 'copy' });
    await job.whenRunning();
    await until(async () => (await ask(at, { path: '/ready' })).status === 200);
    const [shown] = (await json('/api/jobs')).jobs;
    assert.equal(shown.status, 'RUNNING');
    assert.deepEqual(
      shown.plan.parts.map(({ kind, called }: { kind: string; called: string }) => `${kind} ${called}`),
      ['source in', 'sink out'],
    );
    assert.deepEqual(shown.plan.edges, [{ from: 0, to: 1 }]);
    assert.deepEqual(shown.windows, [{ sink: 'out', inFlight: 0, waiting: 0, unconfirmedMs: 0 }]);
    assert.equal(shown.lags[0].source, 'in');
    assert.deepEqual(
      shown.sessions.map(({ name, connected }: { name: string; connected: boolean }) => [name, connected]).sort(),
      [
        ['out-0', true],
        ['source in', true],
      ],
    );
    await to.stop();
    const away = /^sink "out" is not connected: /;
    await until(async () => (await json('/ready')).reasons.some((reason: string) => away.test(reason)));
    const [troubled] = (await json('/api/jobs')).jobs;
    assert.equal(troubled.errors.at(-1).event, 'disconnect');
    const metrics = (await ask(at, { path: '/metrics' })).body;
    assert.match(metrics, /^millrace_connected\{job="copy",sink="out",client="0"\} 0$/m);
    assert.match(metrics, /^millrace_connected\{job="copy",source="in"\} 1$/m);
    const all = `${metrics}${JSON.stringify(troubled)}`;
    assert.ok(!all.includes('hidden'));
    await job.cancel();
  });

  it('says of a job that has not begun which table it waits for, and why, until all rows are there', async () => {
    const port = await freePort();
    await using engine = Engine.embedded();
    await using served = await serve(engine, { port: 0 });
    const at = { port: served.port ?? 0 };
    const json = async (path: string) => JSON.parse((await ask(at, { path })).body);
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.itemStream(10, () => 'boiler'))
      .lookup(
        MqttSources.table({
          broker: `mqtt://127.0.0.1:${port}`,
          topic: 'sites/+',
          connectOptionsFn: () => ({ protocolVersion: 4, maxReconnectPeriod: 50, reconnectPeriod: 50 }) as const,
        }),
        (device) => device,
        (_, site) => site,
      )
      .writeTo(Sinks.noop());
    const job = engine.newJob(pipeline, { name: 'enriches' });
    const waits = /^job "enriches" is STARTING, and waits for table "sites\/\+": .*refused/;
    await until(async () => (await json('/ready')).reasons.some((reason: string) => waits.test(reason)));
    const [waiting] = (await json('/api/jobs')).jobs;
    assert.deepEqual(
      waiting.awaitedTables.map(({ name, trouble }: { name: string; trouble: { code: string } }) => [
        name,
        trouble.code,
      ]),
      [['sites/+', 'CONNECT_FAILED']],
    );
    await startAedes({ port });
    await job.whenRunning();
    await until(async () => (await ask(at, { path: '/ready' })).status === 200);
    assert.deepEqual((await json('/api/jobs')).jobs[0].awaitedTables, []);
    await job.cancel();
  });

  it('has what publishers chose only as text of JSON, and in no label: markup, controls and quotes in a topic', async () => {
    const broker = await startAedes();
    await using engine = Engine.embedded();
    await using served = await serve(engine, { port: 0 });
    const at = { port: served.port ?? 0 };
    const pipeline = Pipeline.create();
    const source = MqttSources.builder({ broker: broker.url, clientId: 'in', topic: '#' })
      .connectOptionsFn(() => ({ protocolVersion: 4 }))
      .mapToItemFn((topic) => {
        throw new Error(`no item of ${topic}`);
      })
      .build();
    pipeline.readFrom(source).writeTo(Sinks.noop());
    const job = engine.newJob(pipeline, { name: 'fails' });
    await job.whenRunning();
    await new Promise<void>((resolve, reject) => {
      const packet = { cmd: 'publish', topic: MARKUP, payload: '', qos: 1, retain: false, dup: false } as const;
      broker.aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
    await assert.rejects(job.join());
    // an answer may be a second old
    const answers = await until(async () => {
      const jobs = await ask(at, { path: '/api/jobs' });
      return jobs.body.includes('alert(1)')
        ? [jobs, await ask(at, { path: '/ready' }), await ask(at, { path: '/metrics' })]
        : undefined;
    });
    const [jobs, ready, metrics] = answers;
    for (const one of [jobs, ready]) {
      assert.equal(one?.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.doesNotMatch(one?.body.trimEnd() ?? '', /[\p{Cc}\u2028]/u);
    }
    assert.match(
      JSON.parse(ready?.body ?? '').reasons.join(' '),
      /job "fails" has FAILED: .*<script>alert\(1\)<\/script>/,
    );
    assert.ok(!metrics?.body.includes('alert'));
  });

  it('is not ready while a call is tried again in vain, and while an outbox is full: it says which, and why', async () => {
    await using engine = Engine.embedded({ stores: new MemoryStores() });
    await using served = await serve(engine, { port: 0 });
    const reasons = async (): Promise<readonly string[]> =>
      JSON.parse((await ask({ port: served.port ?? 0 }, { path: '/ready' })).body).reasons;
    const retryStrategy = RetryStrategies.indefinitely(10);
    const calls = Pipeline.create();
    calls
      .readFrom(TestSources.items(1))
      .mapAsync(() => Promise.reject(new Error('no such host')), { retryStrategy })
      .setName('lookup')
      .writeTo(Sinks.noop());
    const calling = engine.newJob(calls, { name: 'calls' });
    await until(async () =>
      (await reasons()).some((one) => /^stage "lookup" fails and is tried again: .*no such host/.test(one)),
    );
    await calling.cancel();
    const fills = Pipeline.create();
    const stuck = SinkBuilder.sinkBuilder('stuck', () => ({}))
      .receiveFn(() => new Promise(() => {}))
      .build();
    fills
      .readFrom(TestSources.itemStream(1000, (_, sequence) => sequence))
      .groupingKey(() => 'all')
      .rollingAggregate(AggregateOperations.counting())
      .writeTo(stuck);
    const job = engine.newJob(fills, { name: 'fills', maxOutboxMessages: 5, drainTimeoutMs: 10 });
    await until(async () =>
      (await reasons()).includes('the outbox of sink "stuck" is full: what leads to it is not read'),
    );
    await job.cancel();
  });

  it('is on a cluster what the node has of it, and control asks the job everywhere', async () => {
    const cluster = new MemoryCluster();
    await using engine = new ClusterEngine({
      place: cluster.place(),
      node: 'a',
      leaseMs: 3_000,
      standbys: 0,
      warnings: false,
    });
    await using served = await serve(engine, { port: 0, token: TOKEN, allowControl: true });
    const job = engine.newJob(endless(), { name: 'spread' });
    await job.whenRunning();
    const at = { port: served.port ?? 0 };
    await until(async () => (await ask(at, { path: '/ready' })).status === 200);
    const [shown] = JSON.parse((await ask(at, { path: '/api/jobs' })).body).jobs;
    assert.deepEqual([shown.name, shown.plan.parts.length], ['spread', 2]);
    assert.ok(shown.events.some(({ event }: { event: string }) => event === 'partition-running'));
    const suspended = await ask(at, { method: 'POST', path: '/api/jobs/spread/suspend', headers: CONTROL });
    assert.equal(suspended.status < 300, true, suspended.body);
    await until(() => job.status === 'SUSPENDED');
    await job.cancel();
  });

  it('is an error where a gauge of the user throws: the process goes on, and whoever views is sent away', async () => {
    await using engine = Engine.embedded();
    await using served = await serve(engine, { port: 0 });
    const at = { port: served.port ?? 0 };
    const metrics = new MetricsRegistry();
    let broken = false;
    metrics.gauge('mine', '').collect(() => {
      if (broken) throw new Error('not for others');
      return 1;
    });
    const job = engine.newJob(endless(), { name: 'orders', metrics });
    await job.whenRunning();
    const viewed = ask(at, { path: '/api/events' });
    await until(async () => (await ask(at, { path: '/metrics' })).body.includes('mine 1'));
    broken = true;
    const { status, body } = await viewed;
    assert.equal(status, 200);
    assert.match(body, /event: jobs/);
    for (const path of ['/metrics', '/api/jobs', '/ready', '/api/events']) {
      const failed = await ask(at, { path });
      assert.deepEqual([failed.status, failed.body.includes('not for others')], [500, false], path);
    }
    assert.equal((await ask(at, { path: '/live' })).status, 200);
    assert.equal(job.status, 'RUNNING');
  });

  it('can be suspended, resumed, restarted and drained with the token; what its state does not allow is refused by name', async () => {
    await using engine = Engine.embedded();
    await using served = await serve(engine, { port: 0, token: TOKEN, allowControl: true });
    const job = engine.newJob(endless(), { name: 'a/b c' });
    await job.whenRunning();
    const control = async (action: string) => {
      const path = `/api/jobs/${encodeURIComponent(job.name)}/${action}`;
      const { status, body } = await ask({ port: served.port ?? 0 }, { method: 'POST', path, headers: CONTROL });
      return [status, JSON.parse(body)];
    };
    const told = { job: job.name, jobStatus: 'RUNNING' };
    assert.deepEqual(await control('suspend'), [
      200,
      { ...told, action: 'suspend', jobStatus: 'SUSPENDED', delivered: true },
    ]);
    const [status, refused] = await control('restart');
    assert.deepEqual([status, refused.error.code, refused.jobStatus], [409, 'INVALID_STATE', 'SUSPENDED']);
    assert.deepEqual(await control('resume'), [200, { ...told, action: 'resume' }]);
    assert.deepEqual(await control('restart'), [200, { ...told, action: 'restart' }]);
    assert.deepEqual(await control('drain'), [
      200,
      { ...told, action: 'drain', jobStatus: 'COMPLETED', delivered: true },
    ]);
    assert.equal((await control('drain'))[0], 404);
  });

  it('has its state exported with the token, under the name in the body; what cannot be is refused by name', async () => {
    await using engine = Engine.embedded({ stores: new MemoryStores() });
    await using served = await serve(engine, { port: 0, token: TOKEN, allowControl: true });
    const counting = Pipeline.create();
    counting
      .readFrom(TestSources.itemStream(10, () => 1))
      .groupingKey(() => 'all')
      .rollingAggregate(AggregateOperations.counting())
      .setName('counts')
      .writeTo(Sinks.noop());
    const job = engine.newJob(counting, { name: 'counts', processingGuarantee: 'exactly-once' });
    await engine.newJob(endless(), { name: 'plain' }).whenRunning();
    await job.whenRunning();
    const exported = async (of: string, body: unknown, headers = CONTROL) => {
      const asked = { method: 'POST', path: `/api/jobs/${of}/export`, headers, body: JSON.stringify(body) };
      const answer = await ask({ port: served.port ?? 0 }, asked);
      return { status: answer.status, ...JSON.parse(answer.body) };
    };
    const { status, action, snapshot } = await exported('counts', { name: 'before-1.4' });
    assert.deepEqual([status, action, snapshot.name, snapshot.stages], [200, 'export', 'before-1.4', ['counts']]);
    assert.deepEqual(await engine.snapshots(), [snapshot]);
    const again = await exported('counts', { name: 'before-1.4' });
    assert.deepEqual([again.status, again.error.code, again.jobStatus], [409, 'INVALID_STATE', 'RUNNING']);
    const noText = /the body has no name of the snapshot that is text/;
    for (const [body, words] of [
      [{}, noText],
      [{ name: 7 }, noText],
      [{ name: ['before-1.4'] }, noText],
      [{ name: '' }, /well-formed text of 1 to 200 characters/],
      [{ name: 'x'.repeat(201) }, /well-formed text of 1 to 200 characters/],
    ] as const) {
      const refused = await exported('counts', body);
      assert.deepEqual([refused.status, refused.error.code], [400, 'INVALID_OPTIONS']);
      assert.match(refused.error.message, words);
    }
    assert.equal((await exported('plain', { name: 'none' })).status, 409);
    const [json = ''] = CONTROL;
    assert.equal((await exported('counts', { name: 'without' }, [json])).status, 401);
    assert.equal((await engine.snapshots()).length, 1);
    for (const one of engine.jobs) await one.cancel();
  });

  it('is served with TLS, where a certificate is given', async () => {
    const { ca, server } = await makeCertificates();
    await using engine = Engine.embedded();
    await using served = await serve(engine, {
      host: 'localhost',
      port: 0,
      tls: { cert: server.cert, key: server.key },
    });
    const status = await new Promise((resolve, reject) => {
      const { port } = served;
      get({ host: 'localhost', port, path: '/live', ca, agent: false }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      }).on('error', reject);
    });
    assert.equal(status, 200);
    assert.match(served.url, /^https:/);
    const tls = { cert: server.cert, key: 'no key' };
    await refusal(engine, 'INVALID_OPTIONS', { port: 0, tls }, /cert and key do not fit/);
  });
});

describe('where it is served', SUITE_LIMIT, () => {
  it('is a Unix socket that only its user may use, whatever new files may be; one that a killed process left is replaced', async () => {
    const path = join(tempDir('socket'), 'http');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('there'))`;
    const killed = startChild(process.execPath, ['-e', script]);
    await killed.waitForLine(/there/);
    await using engine = Engine.embedded();
    await refusal(engine, 'INVALID_STATE', { path }, /another process listens there/);
    await killed.end('SIGKILL');
    const before = process.umask(0);
    try {
      await using served = await serve(engine, { path });
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(served.url, `unix:${path}`);
      assert.equal((await ask({ path }, { path: '/live' })).status, 200);
      assert.equal((await ask({ path }, { path: '/live', host: 'evil.example' })).status, 421);
    } finally {
      assert.equal(process.umask(before), 0);
    }
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
  });

  it('is never what is no socket: a file in its place stays', async () => {
    const path = join(tempDir('socket'), 'file');
    writeFileSync(path, 'mine');
    await using engine = Engine.embedded();
    await refusal(engine, 'INVALID_STATE', { path }, /cannot listen at/);
    assert.equal(statSync(path).size, 4);
  });

  it('is said when it is taken; and no token is repeated that is none, nor one needed at loopback', async () => {
    await using engine = Engine.embedded();
    await using taken = createServer().listen(0, '127.0.0.1');
    await until(() => taken.listening);
    const { port } = Object(taken.address());
    await refusal(engine, 'INVALID_STATE', { port }, /another process listens there/);
    const wrong: readonly (readonly [options: ServeOptions, message: RegExp])[] = [
      [{ port: 0, host: '0.0.0.0' }, /is reached by others, which needs a token/],
      [{ port: 0, host: '::' }, /is reached by others, which needs a token/],
      [{ port: 0, allowControl: true }, /allowControl needs a token/],
      [{ port: 0, token: 'mine-is-short' }, /^serve: token must have 128 random bits: openssl rand -hex 32$/],
      [{}, /port or path must be given/],
      [{ port: 0, path: '/tmp/x' }, /port or path must be given/],
      [{ port: 0, hosts: ['bridge.example:80'] }, /hosts\[0\] must be a host name without a port/],
    ];
    for (const [options, message] of wrong) await refusal(engine, 'INVALID_OPTIONS', options, message);
  });
});
