import { describe } from 'node:test';
import { blobCases } from '../../src/connector/testing/index.js';
import { JetStreamApi, NatsClient } from '../../src/nats/index.js';
import { JetStreamBlobs } from '../../src/store/jetstream/jetstream-blobs.js';
import { onCleanup } from '../support/cleanup.js';
import { PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { askJetStream, removeStream } from '../support/nats/streams.js';
import { runCases } from './run-cases.js';

interface Chunk {
  readonly subject: string;
  readonly seq: number;
  readonly bytes: Buffer;
}

/** What stands in the stream of an object store that has one blob: the last of its chunks. */
const lastChunk = async (client: NatsClient, name: string): Promise<Chunk> => {
  const { message } = await askJetStream<{ message: { subject: string; seq: number; data: string } }>(
    client,
    `STREAM.MSG.GET.OBJ_${name}`,
    { last_by_subj: `$O.${name}.C.>` },
  );
  return { subject: message.subject, seq: message.seq, bytes: Buffer.from(message.data, 'base64') };
};

describe('the snapshots in JetStream', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  for (const program of natsServersHere()) {
    for (const size of [1, 3] as const) {
      let cluster: Promise<NatsCluster> | undefined;
      let client: NatsClient | undefined;
      let rounds = 0;
      const start = async () => {
        cluster ??= startNats({ program, size });
        const nats = await cluster;
        client ??= await NatsClient.open({ servers: nats.urls });
        const opened = client;
        onCleanup(() => opened.close());
        rounds += 1;
        const name = `snapshots_${rounds}`;
        const options = { api: new JetStreamApi(opened), name, partition: 7, replicas: nats.replicas };
        const neighbour = await JetStreamBlobs.open({ ...options, partition: 70 });
        await neighbour.put('0.1.0', (async function* () {})());
        const remove = ({ seq }: Chunk) => askJetStream(opened, `STREAM.MSG.DELETE.OBJ_${name}`, { seq });
        return {
          blobs: await JetStreamBlobs.open(options),
          again: () => JetStreamBlobs.open(options),
          damage: async () => {
            const chunk = await lastChunk(opened, name);
            await remove(chunk);
            chunk.bytes.writeUInt8(chunk.bytes.readUInt8(0) ^ 1, 0);
            await opened.connection.request(chunk.subject, chunk.bytes, { timeout: PATIENCE_MS });
          },
          cut: async () => void (await remove(await lastChunk(opened, name))),
          stop: () => removeStream(opened, `OBJ_${name}`),
        };
      };
      const title = `JetStream, ${size === 1 ? 'one server' : 'three servers'} ${program.version}`;
      runCases(
        `the contract of a place for snapshots: ${title}`,
        blobCases({ start, limits: {}, patienceMs: PATIENCE_MS }),
      );
    }
  }
});
