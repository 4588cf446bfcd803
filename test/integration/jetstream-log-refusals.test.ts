import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JetStreamApi, NatsClient, type NatsOptions } from '../../src/nats/index.js';
import { JetStreamBlobs } from '../../src/store/jetstream/jetstream-blobs.js';
import { JetStreamLogs, type JetStreamLogsOptions } from '../../src/store/jetstream/jetstream-logs.js';
import { recordSubject, snapshotsName, streamName } from '../../src/store/jetstream/names.js';
import { configOf } from '../../src/store/jetstream/stream-config.js';
import type { PartitionLog } from '../../src/store/log/partition-log.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;
const NAME = streamName('job', 0);
const SUBJECT = recordSubject('job', 0);

const connect = async (nats: NatsCluster, options: Partial<NatsOptions> = {}): Promise<NatsClient> => {
  const client = await NatsClient.open({ servers: nats.urls, ...options });
  onCleanup(() => client.close());
  return client;
};

const logsOf = (client: NatsClient, options: Partial<JetStreamLogsOptions> = {}): JetStreamLogs =>
  new JetStreamLogs({ client, replicas: 1, ...options });

const readAll = async (log: PartitionLog, after: number, upTo: number): Promise<number[]> => {
  const seqs: number[] = [];
  for await (const { seq } of log.read(after, upTo)) seqs.push(seq);
  return seqs;
};

const BYTES = Buffer.alloc(100, 'x');

describe('a stream that cannot be a log is refused', { skip }, () => {
  it('one that drops its oldest records, or is set otherwise by somebody else, with what is wrong', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    const config = configOf({ name: NAME, subject: SUBJECT, replicas: 1, maxBytes: -1 }, 'x');
    await askJetStream(client, `STREAM.CREATE.${NAME}`, { ...config, discard: 'old', max_age: 3_600_000_000_000 });
    const error = await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(client).open('job', 0));
    assert.match(error.message, /discard is "old" and must be "new"; .*max_age is 3600000000000 and must be 0/);
    assert.match(error.message, new RegExp(`${NAME} .partition 0 of job job`));
  });

  it('one whose subject is in a stream of somebody else', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    await askJetStream(client, 'STREAM.CREATE.THEIRS', { name: 'THEIRS', subjects: ['mr.>'] });
    const error = await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(client).open('job', 0));
    assert.match(error.message, /subjects overlap/);
  });

  it('one with fewer copies than were asked for, there and to be made', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(client, { replicas: 3 }).open('job', 0));
    await logsOf(client).open('job', 0);
    const error = await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(client, { replicas: 3 }).open('job', 0));
    assert.match(error.message, /num_replicas is 1 and must be at least 3/);
  });

  it('an object store that would forget snapshots', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    const name = snapshotsName('job');
    const subjects = [`$O.${name}.C.>`, `$O.${name}.M.>`];
    const config = {
      name: `OBJ_${name}`,
      subjects,
      allow_rollup_hdrs: true,
      discard: 'new',
      max_age: 3_600_000_000_000,
    };
    await askJetStream(client, `STREAM.CREATE.OBJ_${name}`, config);
    const error = await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(client).blobs('job', 0));
    assert.match(error.message, /max_age is 3600000000000 and must be 0/);
  });

  it('servers whose messages are too small', LIMIT, async () => {
    await using nats = await startNats({ extra: 'max_payload: 4097' });
    const error = await rejectsWith('GUARANTEE_UNSUPPORTED', logsOf(await connect(nats)).open('job', 0));
    assert.match(error.message, /4097 bytes/);
  });
});

describe('a log that is full', { skip }, () => {
  it('is STORE_FULL: nothing of the record is in, and the log goes on when there is room', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    const log = await logsOf(client, { maxBytes: 2_000_000 }).open('job', 0);
    const first = await log.append(Buffer.alloc(1_000_000, 'a'), 0);
    const last = await log.append(Buffer.alloc(500_000, 'b'), first);
    // a batch and a single message
    for (const size of [1_500_000, 510_000]) {
      const error = await rejectsWith('STORE_FULL', log.append(Buffer.alloc(size, 'c'), last));
      assert.match(error.message, /maximum bytes exceeded/);
      assert.equal((await log.last())?.seq, last);
    }
    await log.trim(first);
    const next = await log.append(Buffer.alloc(510_000, 'd'), last);
    assert.deepEqual(await readAll(log, first, next), [last, next]);
  });
});

describe('a stream that somebody else has touched is STORE_CORRUPT', { skip }, () => {
  const begun = async (nats: NatsCluster, count = 4) => {
    const client = await connect(nats);
    const log = await logsOf(client).open('job', 0);
    let last = 0;
    for (let number = 0; number < count; number += 1) last = await log.append(BYTES, last);
    return { client, log, last };
  };

  it('purged: by its end, and by what lies behind where a view stands', LIMIT, async () => {
    await using nats = await startNats();
    const { client, log, last } = await begun(nats);
    await askJetStream(client, `STREAM.PURGE.${NAME}`, { seq: 3 });
    await rejectsWith('STORE_CORRUPT', readAll(log, 0, last));
    assert.deepEqual(await readAll(log, 2, last), [3, 4]);
    await askJetStream(client, `STREAM.PURGE.${NAME}`);
    const error = await rejectsWith('STORE_CORRUPT', log.last());
    assert.match(error.message, /purged/);
    await rejectsWith('STORE_CORRUPT', readAll(log, 2, last));
  });

  it('written to: a message that no log of ours has written, at the end and in the middle', LIMIT, async () => {
    await using nats = await startNats();
    const { client, log, last } = await begun(nats);
    await client.request({ subject: SUBJECT, payload: 'theirs', timeoutMs: 10_000 });
    await rejectsWith('STORE_CORRUPT', log.last());
    await rejectsWith('STORE_FENCED', log.append(BYTES, last));
    await rejectsWith('STORE_CORRUPT', readAll(log, 0, last + 1));
  });

  it('and no message can be deleted from its middle', LIMIT, async () => {
    await using nats = await startNats();
    const { client, log } = await begun(nats);
    await assert.rejects(askJetStream(client, `STREAM.MSG.DELETE.${NAME}`, { seq: 2 }), /delete not permitted/);
    assert.deepEqual(await readAll(log, 0, 4), [1, 2, 3, 4]);
  });

  it('deleted: at the next reading, and by an append when it gives up', LIMIT, async () => {
    await using nats = await startNats();
    const { client, log, last } = await begun(nats);
    await askJetStream(client, `STREAM.DELETE.${NAME}`);
    const error = await rejectsWith('STORE_CORRUPT', log.last());
    assert.match(error.message, /was deleted/);
    assert.match(error.advice ?? '', /backup/);
    await rejectsWith('STORE_CORRUPT', log.append(BYTES, last));
  });

  it('deleted: who looks for one that was there makes none', LIMIT, async () => {
    await using nats = await startNats();
    const { client, last } = await begun(nats);
    assert.equal((await (await logsOf(client).find('job', 0)).last())?.seq, last);
    await askJetStream(client, `STREAM.DELETE.${NAME}`);
    const error = await rejectsWith('STORE_CORRUPT', logsOf(client).find('job', 0));
    assert.match(error.message, /was deleted/);
    await assert.rejects(askJetStream(client, `STREAM.INFO.${NAME}`), /10059/);
  });

  it('made anew: it has another identity, and what had the former one open says so', LIMIT, async () => {
    await using nats = await startNats();
    const { client, log, last } = await begun(nats);
    await askJetStream(client, `STREAM.PURGE.${NAME}`);
    await askJetStream(client, `STREAM.DELETE.${NAME}`);
    const other = await logsOf(client).open('job', 0);
    assert.notEqual(other.identity, log.identity);
    const error = await rejectsWith('STORE_CORRUPT', log.last());
    assert.match(error.message, /made anew/);
    await rejectsWith('STORE_CORRUPT', log.append(BYTES, last));
  });
});

describe('a stream that is asked for twice', { skip }, () => {
  // newer ones keep the first
  for (const program of natsServersHere().filter(({ version }) => version.startsWith('2.12.')))
    it(
      `stays the same one, whatever time its servers ${program.version} take for it when they start again`,
      LIMIT,
      async () => {
        await using nats = await startNats({ size: 3, program });
        const client = await connect(nats);
        const logs = new JetStreamLogs({ client, replicas: 3 });
        const log = await logs.open('job', 0);
        const last = await log.append(BYTES, 0);
        const info = () =>
          askJetStream<{ readonly config: object; readonly created: string }>(client, `STREAM.INFO.${NAME}`);
        const { config, created } = await info();
        // as a CREATE does whose first answer was lost
        await askJetStream(client, `STREAM.CREATE.${NAME}`, config);
        await Promise.all(nats.servers.map((server) => server.stop()));
        for (const server of nats.servers) server.start();
        await nats.ready();
        assert.notEqual((await info()).created, created, 'they have taken another time');
        assert.equal((await log.last())?.seq, last);
        assert.equal((await logs.find('job', 0)).identity, log.identity);
        assert.equal(await log.append(BYTES, last), last + 1);
      },
    );
});

describe('a place for snapshots whose servers are not all there', { skip }, () => {
  it('is made when they are, as patiently as a log', LIMIT, async () => {
    await using nats = await startNats({ size: 3 });
    const client = await connect(nats);
    const [, , away] = nats.servers;
    await away?.kill();
    const api = new JetStreamApi(client);
    const probe = { name: 'PROBE', subjects: ['probe'], num_replicas: 3 };
    // until the others know, and refuse what needs all three
    await until(async () => {
      const refused = await api.ask('STREAM.CREATE.PROBE', probe, 'a probe', 0).then(
        () => false,
        ({ code }) => code === 'CLUSTER_UNREACHABLE',
      );
      if (!refused) await api.ask('STREAM.DELETE.PROBE', undefined, 'the probe');
      return refused;
    });
    const opening = JetStreamBlobs.open({ api, name: 'SNAPSHOTS', partition: 0, replicas: 3 });
    away?.start();
    assert.deepEqual(await (await opening).list(), []);
  });
});

describe('a user of NATS without rights is told at once', { skip }, () => {
  const withUser = (permissions: string) =>
    `authorization { users: [ { user: all, password: x }, { user: mr, password: x, permissions: { ${permissions} } } ] }`;

  it('who may not ask JetStream, or not write records', LIMIT, async () => {
    await using nats = await startNats({ extra: withUser('publish: { allow: ["$JS.API.STREAM.>"] }') });
    const all = await connect(nats, { auth: { user: 'all', password: 'x' } });
    const log = await logsOf(all).open('job', 0);
    await log.append(BYTES, 0);
    const client = await connect(nats, { auth: { user: 'mr', password: 'x' } });
    const limited = await logsOf(client).open('job', 0);
    await rejectsWith('NOT_AUTHORIZED', limited.append(BYTES, 1));
    await rejectsWith('NOT_AUTHORIZED', readAll(limited, 0, 1));
    assert.equal((await log.last())?.seq, 1);
  });

  it('who may not ask for streams', LIMIT, async () => {
    await using nats = await startNats({ extra: withUser('publish: { deny: ["$JS.API.>"] }') });
    const client = await connect(nats, { auth: { user: 'mr', password: 'x' } });
    await rejectsWith('NOT_AUTHORIZED', logsOf(client).open('job', 0));
    await rejectsWith('NOT_AUTHORIZED', logsOf(client).blobs('job', 0));
  });
});
