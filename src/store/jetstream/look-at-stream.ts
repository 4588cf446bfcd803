import { JetStreamApi, type NatsClient } from '../../nats/index.js';
import { LogLook } from '../log/log-look.js';
import type { SnapshotBlobs } from '../log/snapshot-blobs.js';
import { logFacts, type StoreLook, useLook } from '../look/store-look.js';
import { JetStreamBlobs } from './jetstream-blobs.js';
import { JetStreamLogs } from './jetstream-logs.js';
import { snapshotsName } from './names.js';

/** Which partition, and where. */
export interface StreamPlace {
  readonly client: NatsClient;
  /** Copies that its stream has. */
  readonly replicas: number;
  readonly job: string;
  readonly partition: number;
}

/**
 * Looks at what a partition has at the servers, whoever owns it: claims nothing, writes no fence, and makes nothing.
 * @param use as for `useLook`
 * @throws MillraceError STORE_CORRUPT, CLUSTER_UNREACHABLE and the others of the servers; what `use` throws
 */
export async function lookAtStream<T>(place: StreamPlace, use: (look: StoreLook) => Promise<T>): Promise<T> {
  const { client, replicas, job, partition } = place;
  const logs = new JetStreamLogs({ client, replicas });
  try {
    const log = await logs.find(job, partition);
    return await useLook(async () => {
      const records = await LogLook.open(log, blobsOf(place));
      return { job, log: logFacts(records, undefined), records, problem: undefined };
    }, use);
  } finally {
    await logs.close();
  }
}

/** Opened when one is read: before its first snapshot a job has no place for them. */
const blobsOf = ({ client, replicas, job, partition }: StreamPlace): Pick<SnapshotBlobs, 'get'> => ({
  async *get(name) {
    const api = new JetStreamApi(client);
    yield* (await JetStreamBlobs.find({ api, name: snapshotsName(job), partition, replicas })).get(name);
  },
});
