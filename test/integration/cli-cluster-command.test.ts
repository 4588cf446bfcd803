import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDesk } from '../../src/cluster/engine/open-desk.js';
import { NatsClient } from '../../src/nats/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startChild } from '../support/child-process.js';
import { ClusterNode } from '../support/cluster/cluster-node.js';
import { freePort } from '../support/free-port.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence, newestNatsServer } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { runCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const skip = natsAbsence();
const LEASE_MS = 3_000;

interface Finding {
  readonly check: string;
  readonly verdict: string;
  readonly text: string;
}

async function startNodes(nats: NatsCluster, ids: readonly string[]): Promise<readonly ClusterNode[]> {
  const broker = await startMosquitto();
  const nodes = ids.map((nodeId) => {
    const engine = { servers: nats.urls, nodeId, leaseMs: LEASE_MS, replicas: nats.replicas };
    return new ClusterNode({ engine, from: broker.url, to: broker.url });
  });
  for (const node of nodes) await node.start();
  await until(() => nodes.some((node) => node.has(0)));
  return nodes;
}

const told = (node: ClusterNode, kind: string): boolean => node.lines.some((line) => line.kind === kind);

const check = async (nats: NatsCluster, ...args: readonly string[]) => {
  const result = await runCli(['cluster', 'check', '--cluster', nats.urls.join(','), '--json', ...args]);
  const { findings }: { findings: readonly Finding[] } = JSON.parse(result.stdout[0] ?? '{}');
  const verdictOf = (name: string) => findings.filter((one) => one.check === name).map(({ verdict }) => verdict);
  return { code: result.code, findings, verdictOf };
};

const monitorsOf = (nats: NatsCluster) => [
  '--monitor',
  ...nats.servers.map(({ monitorPort }) => `http://127.0.0.1:${monitorPort}`),
];

describe('millrace cluster status', { ...SUITE_LIMIT, skip }, () => {
  it('says who runs a partition, how far its log is, and which node is silent', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats, ['n1', 'n2']);
    const line = ['cluster', 'status', '--cluster', nats.urls.join(','), '--job', 'counting'];
    const owner = nodes.find((node) => node.has(0));
    const people = await runCli(line);
    assert.equal(people.code, 0, people.stderr.join('\n'));
    assert.match(people.stdout.join('\n'), new RegExp(`0 +${owner?.name} +running`));
    const other = nodes.find((node) => node !== owner);
    await other?.kill();
    const machines = await runCli([...line, '--json']);
    const found = JSON.parse(machines.stdout[0] ?? '{}');
    assert.equal(found.desired.status, 'running');
    const [partition] = found.partitions;
    assert.deepEqual(
      [partition.owner, partition.state, partition.log.epoch],
      [owner?.name, 'running', partition.epoch],
    );
    assert.ok(partition.log.head > 0 && partition.log.current === 1);
    const silent = new Map<string, boolean>(
      found.nodes.map((node: { readonly beat: { readonly node: string }; readonly silentMs?: number }) => [
        node.beat.node,
        node.silentMs === undefined,
      ]),
    );
    assert.deepEqual(
      silent,
      new Map([
        ['n1', other?.name === 'n1'],
        ['n2', other?.name === 'n2'],
      ]),
    );
  });

  it('makes nothing for a job that there is not', async () => {
    const nats = await startNats();
    const result = await runCli(['cluster', 'status', '--cluster', nats.urls.join(','), '--job', 'none']);
    assert.equal(result.code, 2);
    assert.match(result.stderr[0] ?? '', /no node has ever brought a job "none"/);
    const client = await NatsClient.open({ servers: nats.urls });
    const { streams } = await askJetStream<{ readonly streams: readonly string[] | null }>(client, 'STREAM.NAMES');
    await client.close();
    assert.deepEqual(streams ?? [], []);
  });
});

describe('millrace cluster repair', { ...SUITE_LIMIT, skip }, () => {
  it('lets a job run again whose claims were removed and made anew below its logs', async () => {
    const nats = await startNats();
    const line = ['cluster', 'repair', '--cluster', nats.urls.join(','), '--job', 'counting'];
    const [first] = await startNodes(nats, ['n1']);
    await first?.stop();
    // as after months: beats alone would bring new claims above the log soon
    {
      await using desk = await openDesk({ servers: nats.urls }, 'counting');
      await desk.members.rebase(1_000_000);
    }
    await first?.start();
    await until(() => first?.has(0));
    const refused = await runCli([...line, '--yes']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr[0] ?? '', /nodes of job "counting" are alive: n1/);
    await first?.stop();
    const client = await NatsClient.open({ servers: nats.urls });
    const { streams } = await askJetStream<{ readonly streams: readonly string[] }>(client, 'STREAM.NAMES');
    const bucket = streams.find((name) => name.startsWith('KV_'));
    await askJetStream(client, `STREAM.DELETE.${bucket}`);
    await client.close();
    await first?.start();
    await until(() => first && told(first, 'epochs-behind'));
    await first?.kill();
    const unsaid = await runCli(line);
    assert.equal(unsaid.code, 2);
    const done = await runCli([...line, '--yes']);
    assert.equal(done.code, 0, done.stderr.join('\n'));
    await first?.start();
    await until(() => first?.has(0));
  });
});

describe('millrace cluster check', { ...SUITE_LIMIT, skip }, () => {
  it('finds nothing wrong with servers that run what cluster config prints', async () => {
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const [dir, client, routes, monitor] = [tempDir('config'), await freePort(), await freePort(), await freePort()];
    const printed = await runCli(['cluster', 'config', '--servers', hosts.join(','), '--store-dir', dir]);
    assert.equal(printed.code, 0);
    const password = { MILLRACE_NATS_PASSWORD: 's3cret' };
    for (const [index, host] of hosts.entries()) {
      const text = printed.stdout.join('\n').replaceAll('6222', `${routes}`).replace('4222', `${client}`);
      const here = text.replace('127.0.0.1:8222', `${host}:${monitor}`).replaceAll('0.0.0.0', host);
      const file = join(dir, `${index}.conf`);
      writeFileSync(file, here.replace(JSON.stringify(dir), JSON.stringify(join(dir, `${index}`))));
      startChild(newestNatsServer().path, ['-c', file, '--server_name', `s${index}`], {
        env: password,
        ownGroup: true,
      });
    }
    const monitors = hosts.map((host) => `http://${host}:${monitor}`);
    const line = ['cluster', 'check', '--cluster', `nats://127.0.0.2:${client}`, '--nats-user', 'millrace'];
    const all = [...line, '--json', '--monitor', ...monitors];
    const result = await until(
      async () => {
        const tried = await runCli(all, password);
        return tried.code === 0 ? tried : undefined;
      },
      { intervalMs: 200 },
    );
    const { findings }: { findings: readonly Finding[] } = JSON.parse(result.stdout[0] ?? '{}');
    assert.deepEqual(
      findings.filter(({ verdict }) => verdict !== 'fine'),
      [],
    );
    assert.equal(findings.filter(({ check: name }) => name === 'sync-interval').length, 3);
  });

  it('finds a sync_interval that is written without quotes', async () => {
    const nats = await startNats({
      jetStream: false,
      extra: `jetstream { store_dir: "${tempDir('nats')}", sync_interval: 2m }`,
    });
    const { code, verdictOf, findings } = await check(nats, '--replicas', '1', ...monitorsOf(nats));
    assert.deepEqual([code, verdictOf('sync-interval')], [1, ['problem']], JSON.stringify(findings));
    assert.match(JSON.stringify(findings), /2000000 s/);
  });

  it('warns of a sync_interval that is not always, and does not fail for it', async () => {
    const nats = await startNats({ syncInterval: '2m' });
    const { code, verdictOf } = await check(nats, '--replicas', '1', ...monitorsOf(nats));
    assert.deepEqual([code, verdictOf('sync-interval')], [0, ['warning']]);
  });

  it('says that it cannot know the sync_interval without a monitoring port', async () => {
    const nats = await startNats();
    const { code, verdictOf } = await check(nats, '--replicas', '1');
    assert.deepEqual([code, verdictOf('sync-interval')], [0, ['unknown']]);
  });

  it('finds that there are too few servers for the copies', async () => {
    const nats = await startNats();
    const { code, verdictOf } = await check(nats, '--replicas', '3');
    assert.deepEqual([code, verdictOf('replicas')], [1, ['problem']]);
  });

  it('finds that JetStream is not on', async () => {
    const nats = await startNats({ jetStream: false });
    const { code, verdictOf } = await check(nats);
    assert.deepEqual([code, verdictOf('jetstream')], [1, ['problem']]);
  });

  it('finds that the account is full, and a max_payload that is too small', async () => {
    const extra = `accounts { A { users: [{ user: a, password: b }], jetstream { max_streams: 1 } } }
no_auth_user: a
max_payload: 4096`;
    const nats = await startNats({ extra });
    const before = await check(nats, '--replicas', '1');
    assert.deepEqual([before.verdictOf('account'), before.verdictOf('max-payload')], [['fine'], ['problem']]);
    const client = await NatsClient.open({ servers: nats.urls });
    await askJetStream(client, 'STREAM.CREATE.X', { name: 'X', subjects: ['x'] });
    await client.close();
    const { code, verdictOf } = await check(nats, '--replicas', '1');
    assert.deepEqual([code, verdictOf('account')], [1, ['problem']]);
  });

  it('finds that no server is there', async () => {
    const result = await runCli(['cluster', 'check', '--cluster', 'nats://127.0.0.1:1']);
    assert.equal(result.code, 1);
    assert.match(result.stdout[0] ?? '', /^problem .*127\.0\.0\.1:1/);
  });
});

describe('wrong usage of millrace cluster', SUITE_LIMIT, () => {
  const CASES: readonly (readonly [readonly string[], RegExp])[] = [
    [['sing'], /ACTION must be status, check, repair or config/],
    [['status', '--cluster', 'nats://a'], /--job is missing/],
    [['status', '--job', 'x'], /--cluster is missing/],
    [['config', '--servers', 'a,b'], /1, 3 or 5 hosts/],
    [['config', '--servers', 'a,a,b'], /different names/],
    [['config', '--servers', 'a,b,c', '--job', 'x'], /--job is not an option of cluster config/],
    [['check', '--cluster', 'nats://a', '--monitor', 'a:8222'], /--monitor must be a URL/],
  ];
  for (const [args, expected] of CASES)
    it(`is told: ${args.join(' ')}`, async () => {
      const result = await runCli(['cluster', ...args]);
      assert.equal(result.code, 2);
      assert.match(result.stderr[0] ?? '', expected);
    });
});
