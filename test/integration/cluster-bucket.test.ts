import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Kvm } from '@nats-io/kv';
import { openKvBucket } from '../../src/cluster/jetstream/open-kv-bucket.js';
import type { BucketEvent } from '../../src/cluster/members/bucket.js';
import { MillraceError } from '../../src/errors/index.js';
import { NatsClient } from '../../src/nats/index.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT, PATIENCE_MS } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const connect = async (nats: NatsCluster): Promise<NatsClient> => {
  const client = await NatsClient.open({ servers: nats.urls });
  onCleanup(() => client.close());
  return client;
};

const open = async (nats: NatsCluster, client?: NatsClient) =>
  openKvBucket(client ?? (await connect(nats)), { key: 'test', replicas: nats.replicas, patienceMs: PATIENCE_MS });

/** Goes on while the servers cannot be reached: a put that expects the last revision is done once, if it is done. */
const persistently = async <T>(act: () => Promise<T>): Promise<T> =>
  (
    await until(
      async () => {
        try {
          return { value: await act() };
        } catch (error) {
          if (error instanceof MillraceError && error.code === 'CLUSTER_UNREACHABLE') return undefined;
          throw error;
        }
      },
      { intervalMs: 50 },
    )
  ).value;

const STREAM = 'KV_mr-test';
/** The client of NATS has its watches tell every half minute that they live. */
const SILENT_MS = 25_000;

interface Watched {
  readonly name: string;
  readonly cluster?: { readonly leader?: string };
}

/** The watches of the bucket, and by which servers they are served. */
const watchesOf = async (client: NatsClient): Promise<readonly Watched[]> => {
  const list = await askJetStream<{ readonly consumers: readonly Watched[] | null }>(client, `CONSUMER.LIST.${STREAM}`);
  return list.consumers ?? [];
};

for (const program of natsServersHere()) {
  describe(`the bucket of members, nats-server ${program.version}`, { skip }, () => {
    test(
      'the leader is killed under claims: no revision is given twice, and what was answered is there',
      LIMIT,
      async () => {
        await using nats = await startNats({ program, size: 3 });
        const [one, other] = [await open(nats), await open(nats)];
        const granted: number[] = [];
        let revision = 0;
        const leader = await nats.leaderOf(STREAM);
        for (let round = 0; round < 30; round++) {
          if (round === 10) await leader.kill();
          const bucket = round % 2 === 0 ? one : other;
          const answer = await persistently(async () => {
            // whoever got no answer looks at what is there now, as a node does by its watch
            const there = (await bucket.get('part.0'))?.revision ?? 0;
            return { there, now: await bucket.put('part.0', bytes(`${round}`), there) };
          });
          if (answer.now === undefined) continue;
          granted.push(answer.now);
          revision = answer.now;
        }
        assert.ok(granted.length > 20, `${granted.length} were granted`);
        assert.deepEqual(
          granted,
          [...new Set(granted)].sort((a, b) => a - b),
        );
        assert.ok(((await persistently(() => other.get('part.0')))?.revision ?? 0) >= revision);
      },
    );

    test('MB3: a watch that another server serves goes on soon after that one is killed', LIMIT, async () => {
      await using nats = await startNats({ program, size: 3 });
      const first = await open(nats);
      await persistently(() => first.put('part.0', bytes('before')));
      const leader = await nats.leaderOf(STREAM);
      const client = await NatsClient.open({ servers: leader.url });
      onCleanup(() => client.close());
      const bucket = await open(nats, client);
      const events: BucketEvent[] = [];
      const known = new Set<string>();
      // at whichever server has a copy: it is to be none that leads, and not ours, so that puts go on
      const served = await until(async () => {
        events.length = 0;
        const stop = bucket.watch((event) => void events.push(event));
        const forget = onCleanup(stop);
        await until(() => events.some(({ type }) => type === 'caught-up'));
        const [fresh] = (await watchesOf(client)).filter(({ name }) => !known.has(name));
        if (fresh?.cluster?.leader !== leader.name)
          return nats.servers.find(({ name }) => name === fresh?.cluster?.leader);
        // the server keeps it for some minutes
        known.add(fresh.name);
        forget();
        stop();
        return undefined;
      });
      await served.kill();
      const before = events.length;
      const killedAt = performance.now();
      await until(
        async () => {
          await persistently(() => bucket.put('part.0', bytes('after')));
          return events.slice(before).some((event) => event.type === 'entry' && event.entry.key === 'part.0');
        },
        { intervalMs: 500 },
      );
      assert.ok(performance.now() - killedAt < SILENT_MS, 'sooner than the client of NATS finds out');
    });

    test('MB3: a watch whose server is killed says so, tells all anew, and goes on', LIMIT, async () => {
      await using nats = await startNats({ program, size: 3 });
      const client = await connect(nats);
      const [bucket, other] = [await open(nats, client), await open(nats)];
      await other.put('part.0', bytes('before'));
      const events: BucketEvent[] = [];
      onCleanup(bucket.watch((event) => events.push(event)));
      await until(() => events.some(({ type }) => type === 'caught-up'));
      const port = Number(client.connection.getServer().split(':').at(-1));
      await nats.servers.find((server) => server.port === port)?.kill();
      await until(() => events.some(({ type }) => type === 'interrupted'));
      events.splice(0, events.findIndex(({ type }) => type === 'interrupted') + 1);
      await persistently(() => other.put('part.1', bytes('after')));
      const told = (key: string) => events.some((event) => event.type === 'entry' && event.entry.key === key);
      await until(() => events.some(({ type }) => type === 'caught-up') && told('part.0') && told('part.1'));
    });

    test(
      'a bucket that was removed is STORE_CORRUPT with what to do, for who asks and for who watches',
      LIMIT,
      async () => {
        await using nats = await startNats({ program });
        const client = await connect(nats);
        const bucket = await open(nats, client);
        await bucket.put('job', bytes('{}'));
        const kv = await new Kvm(client.connection).open('mr-test');
        await kv.destroy();
        const error = await rejectsWith('STORE_CORRUPT', bucket.put('job', bytes('{}')));
        assert.match(error.advice ?? '', /docs\/cluster\.md/);
        const events: BucketEvent[] = [];
        onCleanup(bucket.watch((event) => events.push(event)));
        const failed = await until(() => events.find(({ type }) => type === 'failed'));
        assert.equal(failed.type === 'failed' && failed.error.code, 'STORE_CORRUPT');
      },
    );

    test(
      'a bucket in which claims would age away, or make room for others, is refused with the difference',
      LIMIT,
      async () => {
        await using nats = await startNats({ program });
        const client = await connect(nats);
        await new Kvm(client.connection).create('mr-test', { ttl: 60_000, history: 5 });
        const error = await rejectsWith('STORE_CORRUPT', open(nats, client));
        assert.match(error.message, /max_age is 60000000000 and not 0/);
        assert.match(error.message, /max_msgs_per_subject is 5 and not 1/);
      },
    );

    test(
      'servers that do not answer are CLUSTER_UNREACHABLE, for what is asked and for the opening',
      LIMIT,
      async () => {
        await using nats = await startNats({ program });
        const client = await connect(nats);
        const bucket = await openKvBucket(client, { key: 'test', replicas: 1, patienceMs: 1 });
        for (const server of nats.servers) await server.kill();
        await rejectsWith('CLUSTER_UNREACHABLE', bucket.put('part.0', bytes('x'), 0));
        await rejectsWith('CLUSTER_UNREACHABLE', bucket.get('part.0'));
        const options = { key: 'other', replicas: 1, patienceMs: 1 };
        await rejectsWith('CLUSTER_UNREACHABLE', openKvBucket(client, options));
      },
    );

    test('a user who may not write there is NOT_AUTHORIZED', LIMIT, async () => {
      const users =
        'authorization { users = [ { user: u, password: p, permissions: { publish: { deny: "$KV.>" } } } ] }';
      await using nats = await startNats({ program, extra: users });
      const client = await NatsClient.open({ servers: nats.urls, auth: { user: 'u', password: 'p' } });
      onCleanup(() => client.close());
      const bucket = await open(nats, client);
      await rejectsWith('NOT_AUTHORIZED', bucket.put('part.0', bytes('x'), 0));
    });
  });
}
