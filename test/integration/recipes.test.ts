import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { type Mosquitto, startMosquitto, takesConnections } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { type Child, startChild } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import {
  CONFINED_ROOT,
  CONFINED_USER,
  type Confinement,
  confinementAbsence,
  startConfinedCli,
} from '../support/confined-cli.js';
import { freePort } from '../support/free-port.js';
import { ask } from '../support/http/ask.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const recipe = (name: string) => readFileSync(new URL(`../../recipes/${name}`, import.meta.url), 'utf8');
const UNIT = recipe('systemd/millrace.service');
const DOCKERFILE = recipe('container/Dockerfile');
const COMPOSE = parse(recipe('container/compose.yaml'));
const [CONFIG_MAP, , STATEFUL_SET] = parseAllDocuments(recipe('kubernetes/millrace.yaml')).map((one) => one.toJS());
const POD = STATEFUL_SET.spec.template.spec;
const [CONTAINER] = POD.containers;

const ofUnit = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(UNIT)?.[1] ?? '';
const PASSWORD = 'one that nobody may see';
const TOKEN = randomBytes(16).toString('hex');
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

/** A site, the cloud, and what a recipe leaves to the operator. */
class Site {
  readonly data = tempDir('recipe-data');
  readonly credentials = tempDir('recipe-credentials');
  readonly edge: Mosquitto;
  readonly cloud: Mosquitto;

  private constructor(edge: Mosquitto, cloud: Mosquitto) {
    this.edge = edge;
    this.cloud = cloud;
  }

  /** @param secret the owner, the group and the mode of each secret */
  static async start(secret: { uid: number; gid: number; mode: number }): Promise<Site> {
    const users = { site7: PASSWORD, witness: 'w' };
    const site = new Site(...(await Promise.all([startMosquitto(), startMosquitto({ users, persistence: true })])));
    for (const [name, text] of Object.entries({ 'cloud-password': `${PASSWORD}\n`, 'http-token': `${TOKEN}\n` })) {
      const path = join(site.credentials, name);
      writeFileSync(path, text);
      chownSync(path, secret.uid, secret.gid);
      chmodSync(path, secret.mode);
    }
    chownSync(site.credentials, secret.uid, secret.gid);
    chmodSync(site.credentials, 0o750);
    chownSync(site.data, CONFINED_USER, CONFINED_USER);
    chmodSync(site.data, 0o700);
    return site;
  }

  get urls() {
    return { EDGE_URL: this.edge.url, CLOUD_URL: this.cloud.url };
  }

  /** As a recipe starts it: with its arguments, but for a port that is free, and for the places of the file and of the edge. */
  bridge(args: readonly string[], how: Partial<Confinement> & { at: string; http: number }): Child {
    const here = args.map((arg) =>
      arg.replace('/etc/millrace/', `${CONFINED_ROOT}/recipes/`).replace(/:9090$/, `:${how.http}`),
    );
    const env = { ...this.urls, ...how.env };
    return startConfinedCli(here, {
      ...how,
      data: this.data,
      credentials: { from: this.credentials, at: how.at },
      env,
    });
  }

  /** What goes up. The session is kept, so that it misses nothing. */
  witness() {
    const as = { username: 'witness', password: 'w', clientId: 'witness' };
    return startMosquittoSub({ port: this.cloud.port, topic: 'site7/plant/#', ...as });
  }

  publishUp(texts: readonly string[]) {
    return publishAll({ port: this.edge.port, topic: 'plant/a', qos: 2 }, texts);
  }

  async bridgesBothWays(): Promise<void> {
    await using above = await this.witness();
    await using below = await startMosquittoSub({ port: this.edge.port, topic: 'plant/cmd/#' });
    await this.publishUp(['up']);
    const as = { username: 'site7', password: PASSWORD };
    await publishAll({ port: this.cloud.port, topic: 'site7/cmd/go', qos: 2, ...as }, ['down']);
    const [[up], [down]] = [await above.untilCount(1), await below.untilCount(1)];
    assert.deepEqual([up?.topic, up?.text, down?.topic, down?.text], ['site7/plant/a', 'up', 'plant/cmd/go', 'down']);
  }
}

async function untilRunning(bridge: Child): Promise<void> {
  await Promise.all([bridge.waitForLine(/up: RUNNING/), bridge.waitForLine(/down: RUNNING/)]);
}

/** Messages of the route up that are stored and not delivered. */
async function outboxOf(port: number): Promise<number | undefined> {
  const { jobs } = JSON.parse((await ask({ port }, { path: '/api/jobs' })).body);
  return jobs.find(({ name }: { name: string }) => name === 'up')?.outboxes[0]?.messages;
}

/** What the kernel says of a process. */
const ofProcess = ({ pid }: Child, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** It is nobody, can become nobody else, and nothing but its directory can be written to. */
function assertConfined(bridge: Child): void {
  const status = ofProcess(bridge, 'status');
  const value = (key: string) => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  assert.deepEqual(['Uid', 'Gid', 'NoNewPrivs'].map(value), [`${CONFINED_USER}`, `${CONFINED_USER}`, '1']);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.equal(Number(`0x${value(set)}`), 0, set);
  assert.match(ofProcess(bridge, 'limits'), /^Max core file size\s+0\s+0\s/m);
  const mounts = ofProcess(bridge, 'mountinfo').trim().split('\n');
  const writable = mounts.flatMap((line) => {
    const [, , , , target = '', options = ''] = line.split(' ');
    return /(^|,)rw(,|$)/.test(options) && !/^\/(proc|sys|dev)(\/|$)/.test(target) ? [target] : [];
  });
  assert.deepEqual(writable, ['/var/lib/millrace']);
}

const isOnlyOwners = (path: string) => (statSync(path).mode & 0o077) === 0;

describe('recipes, as they stand, between two brokers', { ...SUITE_LIMIT, skip: confinementAbsence() ?? false }, () => {
  test('the unit: a credential, a read-only system, and a stop in its time, after which all arrives once', async () => {
    const site = await Site.start({ uid: CONFINED_USER, gid: CONFINED_USER, mode: 0o400 });
    const [program, ...args] = ofUnit('ExecStart').split(' ');
    assert.equal(program, '/usr/bin/millrace');
    assert.deepEqual([ofUnit('UMask'), ofUnit('LimitCORE'), ofUnit('User')], ['0077', '0', 'millrace']);
    const at = '/run/credentials/millrace.service';
    const [http, env] = [await freePort(), { CREDENTIALS_DIRECTORY: at }];
    const start = () => site.bridge(args, { at, http, env });
    await using bridge = start();
    await untilRunning(bridge);
    assertConfined(bridge);
    await until(async () => (await ask({ port: http }, { path: '/ready' })).status === 200, { intervalMs: 200 });
    await site.bridgesBothWays();
    site.cloud.suspend();
    await site.publishUp(numbered(20));
    await until(async () => (await outboxOf(http)) === 20, { intervalMs: 200, what: '20 stored messages' });
    // beside it, by its own user
    await using inspect = site.bridge(['inspect', '/var/lib/millrace/state', '--job', 'up', '--json'], { at, http });
    assert.equal((await inspect.exited).code, 0);
    assert.match(inspect.stdout.join(''), /"outboxes":\[\{"name":"site7-up-0","rows":20,/);
    const asked = performance.now();
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(performance.now() - asked < Number(ofUnit('TimeoutStopSec')) * 1000, 'it would have been killed');
    assert.match(bridge.stderr.at(-1) ?? '', /20 stored, which go out at the next start/);
    site.cloud.resume();
    await using again = start();
    await using witness = await site.witness();
    assert.deepEqual(
      (await witness.untilCount(20)).map(({ text }) => text),
      numbered(20),
    );
    await again.end('SIGTERM');
    for (const name of readdirSync(site.data, { recursive: true, encoding: 'utf8' }))
      assert.ok(isOnlyOwners(join(site.data, name)), name);
    assert.ok(![bridge, again].some(({ stdout, stderr }) => [...stdout, ...stderr].join('\n').includes(PASSWORD)));
  });

  test('the pod: probes without a token, a volume and secrets of its group; the volume must not be opened anew', async () => {
    const site = await Site.start({ uid: 0, gid: CONFINED_USER, mode: 0o440 });
    chownSync(site.data, 0, CONFINED_USER);
    chmodSync(site.data, 0o2775);
    assert.equal(CONFIG_MAP.data['bridge.yaml'], recipe('bridge.yaml'));
    const [at, http] = ['/run/secrets/millrace', await freePort()];
    const named = CONTAINER.env.map(({ name, value }: { name: string; value: string }) => [name, value] as const);
    const env = { ...Object.fromEntries(named), ...site.urls };
    const start = () => site.bridge(CONTAINER.args, { at, http, env });
    await using bridge = start();
    await untilRunning(bridge);
    assertConfined(bridge);
    for (const probe of [CONTAINER.livenessProbe, CONTAINER.readinessProbe]) {
      const answered = () => ask({ port: http }, { path: probe.httpGet.path });
      await until(async () => (await answered()).status === 200, { intervalMs: 200 });
    }
    const headers = [`Authorization: Bearer ${TOKEN}`];
    const host = `${STATEFUL_SET.spec.serviceName}:9090`;
    assert.equal((await ask({ port: http }, { path: '/metrics' })).status, 401);
    assert.equal((await ask({ port: http }, { path: '/metrics', headers, host })).status, 200);
    await site.bridgesBothWays();
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    assert.equal(POD.securityContext.fsGroupChangePolicy, 'OnRootMismatch');
    // what the kubelet would do to it by the other policy
    chmodSync(join(site.data, 'state'), 0o2770);
    await using opened = start();
    await opened.waitForLine(/can be written to by others/);
    assert.equal((await opened.exited).code, 1);
  });

  test('the image: its arguments, the health check of the compose file, and the broker beside it', async () => {
    const site = await Site.start({ uid: CONFINED_USER, gid: CONFINED_USER, mode: 0o400 });
    const [http, edge] = [await freePort(), await freePort()];
    await using _broker = startEdge(edge);
    await until(() => takesConnections(edge), { what: 'the broker of the compose file' });
    const args: readonly string[] = JSON.parse(/^CMD (.*)$/m.exec(DOCKERFILE)?.[1] ?? '');
    const env = { EDGE_URL: `mqtt://127.0.0.1:${edge}` };
    await using bridge = site.bridge(args, { at: '/run/secrets', http, env });
    await untilRunning(bridge);
    const [, , ...check]: readonly string[] = COMPOSE.services.bridge.healthcheck.test;
    const isHealthy = async () =>
      (
        await startChild(
          process.execPath,
          check.map((arg) => arg.replace(':9090/', `:${http}/`)),
        ).exited
      ).code === 0;
    assert.ok(await isHealthy());
    assert.match(DOCKERFILE, /^STOPSIGNAL SIGTERM$/m);
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(!(await isHealthy()));
  });
});

/** Why the system calls that a unit allows are not known here; undefined where they are. */
function filtersAbsence(): string | undefined {
  const missing = ['systemd-analyze', 'strace'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
  return missing.length === 0 ? undefined : `there is no ${missing.join(', ')}`;
}

/** A call, or those of a set of systemd, with those of the sets in it. */
function callsOf(set: string): ReadonlySet<string> {
  if (!set.startsWith('@')) return new Set([set]);
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager', set], { encoding: 'utf8' });
  const names = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  const known = names.filter((name) => name !== '' && !name.startsWith('#'));
  return new Set(known.flatMap((name) => [...callsOf(name)]));
}

test('the unit allows every system call that the bridge makes', {
  ...LIMIT,
  skip: filtersAbsence() ?? false,
}, async () => {
  const filters = [...UNIT.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)];
  const sets = (sign: string) => filters.flatMap(([, of, list = '']) => (of === sign ? list.split(' ') : []));
  const denied = sets('~').map(callsOf);
  const allowed = new Set(
    [...sets('').flatMap((set) => [...callsOf(set)])].filter((call) => !denied.some((set) => set.has(call))),
  );
  const folder = tempDir('recipe-calls');
  const [edge, cloud] = await Promise.all([startMosquitto(), startMosquitto({ users: { site7: PASSWORD } })]);
  writeFileSync(join(folder, 'cloud-password'), PASSWORD, { mode: 0o600 });
  const file = join(folder, 'bridge.yaml');
  writeFileSync(file, recipe('bridge.yaml').replaceAll('/var/lib/millrace', folder));
  const counts = join(folder, 'calls');
  const { nodeArgs, main } = await buildOnce();
  const command = [process.execPath, ...nodeArgs, main, 'bridge', '-c', file, '--http', '0'];
  const env = { EDGE_URL: edge.url, CLOUD_URL: cloud.url, CREDENTIALS_DIRECTORY: folder };
  await using bridge = startChild('strace', ['-D', '-f', '-c', '-o', counts, ...command], { env });
  await untilRunning(bridge);
  await using witness = await startMosquittoSub({ port: cloud.port, username: 'site7', password: PASSWORD });
  await publishAll({ port: edge.port, topic: 'plant/a', qos: 2 }, numbered(10));
  await witness.untilCount(10);
  assert.equal((await bridge.end('SIGTERM')).code, 0);
  const table = await until(() => /^-.*\n([\s\S]*)^-/m.exec(readFileSync(counts, 'utf8'))?.[1], { what: 'the counts' });
  const called = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).at(-1) ?? '');
  assert.ok(called.includes('epoll_wait') || called.includes('epoll_pwait'), table);
  assert.deepEqual(
    called.filter((call) => !allowed.has(call)),
    [],
  );
});

/** The broker of the compose file, as it is configured there. */
function startEdge(port: number): Child {
  const folder = tempDir('recipe-edge');
  const file = join(folder, 'mosquitto.conf');
  const user = process.getuid?.() === 0 ? 'user root\n' : '';
  const text = recipe('container/mosquitto.conf').replace('listener 1883', `listener ${port} 127.0.0.1`);
  writeFileSync(file, user + text.replace('/mosquitto/data/', `${folder}/`));
  return startChild('mosquitto', ['-c', file]);
}

test('the file of the unit is checked from a shell, as the documentation says', LIMIT, async () => {
  const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
  const [documented = ''] = /^env .* millrace bridge .* --check$/m.exec(page) ?? [];
  const [edge, cloud] = await Promise.all([startMosquitto(), startMosquitto({ users: { site7: PASSWORD } })]);
  const etc = tempDir('recipe-etc');
  // what systemd makes at the start of the unit
  const state = tempDir('recipe-state');
  writeFileSync(join(etc, 'bridge.yaml'), recipe('bridge.yaml').replaceAll('/var/lib/millrace', state));
  writeFileSync(join(etc, 'cloud-password'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(etc, 'environment'), `EDGE_URL=${edge.url}\nCLOUD_URL=${cloud.url}\n`);
  const { nodeArgs, main } = await buildOnce();
  const program = [process.execPath, ...nodeArgs, main].join(' ');
  const command = documented.replaceAll('/etc/millrace', etc).replace(' millrace ', ` ${program} `);
  const check = startChild('sh', ['-c', command]);
  assert.deepEqual(await check.exited, { code: 0, signal: null }, check.stderr.join('\n'));
  assert.match(check.stderr.at(-1) ?? '', /the file can run/);
});
