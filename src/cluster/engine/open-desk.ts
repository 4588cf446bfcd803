import { MillraceError } from '../../errors/index.js';
import { API_CODES, apiError, JetStreamApi, NatsClient, type NatsOptions } from '../../nats/index.js';
import { JetStreamLogs } from '../../store/jetstream/jetstream-logs.js';
import { lookAtStream } from '../../store/jetstream/look-at-stream.js';
import { streamName } from '../../store/jetstream/names.js';
import { jobKey } from '../../store/job-key.js';
import { decodeRecord } from '../../store/log/record/log-record.js';
import type { StoreLook } from '../../store/look/store-look.js';
import { openKvBucket } from '../jetstream/open-kv-bucket.js';
import type { ClusterManifest } from '../manifest/cluster-manifest.js';
import { Members } from '../members/members.js';

/** A job as it stands at the servers, for somebody who runs none of its nodes. */
export interface JobDesk extends AsyncDisposable {
  readonly job: string;
  /** Of the servers, for messages. */
  readonly location: string;
  readonly manifest: ClusterManifest;
  readonly members: Members;
  /** The log of a partition; undefined: it was never opened. @throws MillraceError CLUSTER_UNREACHABLE, STORE_CORRUPT, … */
  readLog(partition: number): Promise<LogState | undefined>;
  /** What a partition has; undefined: it was never opened. @throws as `lookAtStream` */
  lookAt<T>(partition: number, use: (look: StoreLook) => Promise<T>): Promise<T | undefined>;
}

/** The log of a partition. */
export interface LogState {
  /** Of its last record; 0: it has none. */
  readonly epoch: number;
  readonly head: number;
  readonly bytes: number;
  readonly replicas: number;
  /** Copies that are as far as the leader, the leader among them. */
  readonly current: number;
}

interface LogStream {
  readonly config: { readonly num_replicas: number };
  readonly state: { readonly last_seq: number; readonly bytes: number };
  readonly cluster?: { readonly replicas?: readonly { readonly current: boolean }[] };
}

/** While nobody leads, servers say nothing for up to 10 s. */
const PATIENCE_MS = 15_000;

/**
 * Opens what a job has at the servers, and makes nothing there.
 * @throws MillraceError INVALID_OPTIONS when there is no such job, and those of the servers
 */
export async function openDesk(nats: NatsOptions, job: string): Promise<JobDesk> {
  const client = await NatsClient.open(nats);
  try {
    const key = jobKey(job, 40);
    const api = new JetStreamApi(client);
    const found = await findStream(api, `KV_mr-${key}`);
    if (found === undefined) throw noSuchJob(job, client.location);
    const bucket = await openKvBucket(client, { key, replicas: found.config.num_replicas, patienceMs: PATIENCE_MS });
    const members = new Members(bucket, job);
    const manifest = await members.manifest();
    return {
      job,
      location: client.location,
      manifest,
      members,
      readLog: (partition) => readLog(client, api, job, partition),
      lookAt: async (partition, use) => {
        const stream = await findStream(api, streamName(job, partition));
        const replicas = stream?.config.num_replicas;
        return replicas === undefined ? undefined : lookAtStream({ client, replicas, job, partition }, use);
      },
      [Symbol.asyncDispose]: async () => {
        await members.close();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function findStream(api: JetStreamApi, name: string): Promise<LogStream | undefined> {
  const what = `stream ${name} of ${api.client.location}`;
  const { answer, error } = await api.ask<LogStream>(`STREAM.INFO.${name}`, undefined, what, PATIENCE_MS);
  if (error === undefined) return answer;
  if (error.err_code === API_CODES.streamNotFound) return undefined;
  throw apiError(error, what);
}

async function readLog(
  client: NatsClient,
  api: JetStreamApi,
  job: string,
  partition: number,
): Promise<LogState | undefined> {
  const stream = await findStream(api, streamName(job, partition));
  if (stream === undefined) return undefined;
  const replicas = stream.config.num_replicas;
  const logs = new JetStreamLogs({ client, replicas });
  try {
    const log = await logs.find(job, partition);
    const last = await log.last();
    const epoch = last === undefined ? 0 : decodeRecord(last.record, `${log.location} at ${last.seq}`).epoch;
    const followers = stream.cluster?.replicas ?? [];
    const current = 1 + followers.filter((replica) => replica.current).length;
    return { epoch, head: last?.seq ?? 0, bytes: stream.state.bytes, replicas, current };
  } finally {
    await logs.close();
  }
}

const noSuchJob = (job: string, location: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `no node has ever brought a job "${job}" to ${location}`, {
    advice: 'Look at the name, and whether the user of the servers is in the account of the nodes.',
  });
