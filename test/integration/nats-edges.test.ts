import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EdgeAddress } from '../../src/cluster/exchange/edges.js';
import { NatsEdges } from '../../src/cluster/exchange/nats-edges.js';
import { MillraceError } from '../../src/errors/index.js';
import { NatsClient, type NatsOptions } from '../../src/nats/index.js';
import { JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT, PATIENCE_MS } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;
/** Longer than a test. */
const NEVER_MS = 10 * PATIENCE_MS;
const JOB = 'a job';
const AT: EdgeAddress = { exchange: 'exchange by device', kind: 'rows', partition: 1 };

const connect = async (nats: NatsCluster, options: Partial<NatsOptions> = {}): Promise<NatsClient> => {
  const client = await NatsClient.open({ servers: nats.urls, ...options });
  onCleanup(() => client.close());
  return client;
};

/** Who hears, and what was heard. */
class Heard {
  readonly messages: string[] = [];
  readonly failures: MillraceError[] = [];

  onMessage(message: Uint8Array): void {
    this.messages.push(Buffer.from(message).toString());
  }

  onFailed(error: MillraceError): void {
    this.failures.push(error);
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the edges of a job over NATS', { skip }, () => {
  it('what is sent to a place is heard there, at every node, and nowhere else', LIMIT, async () => {
    await using nats = await startNats();
    const [one, other] = [new NatsEdges(await connect(nats), JOB), new NatsEdges(await connect(nats), JOB)];
    const elsewhere = new Heard();
    for (const place of [
      { ...AT, kind: 'status' },
      { ...AT, partition: 2 },
      { ...AT, exchange: 'exchange by devices' },
    ] as const)
      await other.subscribe(place, elsewhere);
    await new NatsEdges(await connect(nats), 'a job too').subscribe(AT, elsewhere);
    const [here, there] = [new Heard(), new Heard()];
    await one.subscribe(AT, here);
    const end = await other.subscribe(AT, there);
    one.publish(AT, bytes('1'));
    one.publish(AT, bytes('2'));
    await until(() => here.messages.length === 2 && there.messages.length === 2);
    end();
    one.publish(AT, bytes('3'));
    await until(() => here.messages.length === 3);
    await (await connect(nats)).connection.flush();
    assert.deepEqual(there.messages, ['1', '2']);
    assert.deepEqual([elsewhere.messages, here.failures, there.failures], [[], [], []]);
  });

  it('who may not listen there, or may not send, is told at once, and of what', LIMIT, async () => {
    const withUser = (permissions: string) =>
      `authorization { users: [ { user: mr, password: x, permissions: { ${permissions} } } ] }`;
    const auth = { user: 'mr', password: 'x' };
    for (const permissions of ['subscribe: ["_INBOX.>"]', 'publish: { deny: ["mr.x.>"] }']) {
      await using nats = await startNats({ extra: withUser(permissions) });
      const edges = new NatsEdges(await connect(nats, { auth }), JOB);
      const error = await rejectsWith('NOT_AUTHORIZED', edges.subscribe(AT, new Heard()));
      assert.match(error.advice ?? '', /publish to mr\.>.*subscribe to _INBOX\.> and mr\.x\.>/);
      assert.equal(error.retryable, false);
    }
  });

  it(
    'goes on over another connection; without one what is sent is gone, and nobody can begin to listen',
    LIMIT,
    async () => {
      await using nats = await startNats();
      const [server] = nats.servers;
      const [listener, sender] = [await connect(nats), await connect(nats)];
      const heard = new Heard();
      await new NatsEdges(listener, JOB).subscribe(AT, heard);
      const edges = new NatsEdges(sender, JOB);
      edges.publish(AT, bytes('before'));
      await until(() => heard.messages.length === 1);
      // NC1: rejected when the sender knows that the connection is gone
      sender.connection.subscribe('silent', { callback: () => {} });
      const lost = rejectsWith(
        'CLUSTER_UNREACHABLE',
        sender.request({ subject: 'silent', payload: '', timeoutMs: NEVER_MS }),
      );
      await server?.kill();
      await lost;
      edges.publish(AT, bytes('lost'));
      await rejectsWith('CLUSTER_UNREACHABLE', edges.subscribe(AT, new Heard()));
      server?.start();
      await Promise.all([listener, sender].map((client) => client.whenConnected(PATIENCE_MS)));
      // what is published before the server knows again who listens is gone, too
      await listener.connection.flush();
      edges.publish(AT, bytes('after'));
      await until(() => heard.messages.length === 2);
      assert.deepEqual(heard.messages, ['before', 'after']);
      assert.deepEqual(heard.failures, []);
    },
  );

  it('a message has at most what the servers let it have', LIMIT, async () => {
    await using nats = await startNats({ extra: 'max_payload: 2048' });
    const edges = new NatsEdges(await connect(nats), JOB);
    assert.equal(edges.maxMessageBytes, 2048);
    const heard = new Heard();
    await edges.subscribe(AT, heard);
    edges.publish(AT, new Uint8Array(edges.maxMessageBytes).fill(65));
    await until(() => heard.messages.length === 1);
    assert.equal(heard.messages[0]?.length, 2048);
    await using larger = await startNats();
    assert.equal(new NatsEdges(await connect(larger), JOB).maxMessageBytes, 256 * 1024);
  });

  it('what is sent after the connection was given up for good is gone, and no error', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    const edges = new NatsEdges(client, JOB);
    void client.connection.close();
    edges.publish(AT, bytes('gone'));
    await client.connection.closed();
    edges.publish(AT, bytes('gone'));
    const error = await edges.subscribe(AT, new Heard()).then(() => undefined, MillraceError.from);
    // the second, where it is not known yet that nobody will connect again
    assert.match(String(error?.code), /INVALID_STATE|CLUSTER_UNREACHABLE/);
  });

  it('none of it is stored in a log of the job, or anywhere', LIMIT, async () => {
    await using nats = await startNats();
    const client = await connect(nats);
    const logs = new JetStreamLogs({ client, replicas: 1 });
    // one whose key could be taken for the letter that edges have there
    for (const job of [JOB, 'x']) await (await logs.open(job, 0)).append(bytes('record'), 0);
    const subjects: string[] = [];
    client.connection.subscribe('mr.x.>', { callback: (_, { subject }) => void subjects.push(subject) });
    for (const job of [JOB, 'x']) await new NatsEdges(client, job).subscribe(AT, new Heard());
    const streamsOf = async (subject: string): Promise<number> =>
      (await askJetStream<{ readonly total: number }>(client, 'STREAM.NAMES', { subject })).total;
    await until(() => subjects.length === 2);
    for (const subject of subjects) assert.equal(await streamsOf(subject), 0, subject);
    assert.equal(await streamsOf('mr.>'), 2);
  });
});
