import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../errors/index.js';
import {
  API_CODES,
  type ApiAnswer,
  type ApiError,
  apiError,
  apiErrorKind,
  JetStreamApi,
  type NatsClient,
} from '../../nats/index.js';
import { checkPartition } from '../check-partition.js';
import type { PartitionLog, PartitionLogs } from '../log/partition-log.js';
import type { SnapshotBlobs } from '../log/snapshot-blobs.js';
import { JetStreamBlobs } from './jetstream-blobs.js';
import { JetStreamLog } from './jetstream-log.js';
import { recordSubject, snapshotsName, streamName } from './names.js';
import { gone, PartitionStream, type StreamInfo } from './partition-stream.js';
import { configOf, configProblems, identityOf, type StreamWish } from './stream-config.js';

/** The largest message that is still as quick as a small one, byte for byte. */
const MOST_PIECE_BYTES = 512 * 1024;
/** Of a message beside its piece of a record: headers. */
const HEADER_BYTES = 4 * 1024;
/** Of a batch, by the server. */
const MOST_PIECES = 1_000;
/** What a commit leads to in a log, with some room. */
const MOST_RECORD_BYTES = 32 * 1024 * 1024 + 1024;
const LEAST_RECORD_BYTES = 1024 * 1024;

/** Where logs are, and how safe. */
export interface JetStreamLogsOptions {
  /** Stays open when the logs are closed. */
  readonly client: NatsClient;
  /** Copies of each log, on as many servers; 3 or 5 for a cluster, 1 where there is one server. */
  readonly replicas: number;
  /** Bytes that the log of a partition may have. Default: as many as the account may. */
  readonly maxBytes?: number;
  /** Called when an append takes longer than a second, and again when it has taken two, four, … */
  readonly onStalled?: ((stall: CommitStall) => void) | undefined;
}

/** An append that takes long. */
export interface CommitStall {
  readonly job: string;
  readonly partition: number;
  /** For how long, in milliseconds. */
  readonly ms: number;
}

/**
 * Logs in JetStream, the replicated log of NATS: a stream for each partition, made at its first opening. Read `append-record.ts` for how a
 * record gets in, `partition-stream.ts` for what is asked of a stream, and `stream-config.ts` for how it must be set.
 */
export class JetStreamLogs implements PartitionLogs {
  readonly location: string;
  readonly #options: JetStreamLogsOptions;
  readonly #api: JetStreamApi;
  readonly #open = new Set<JetStreamLog>();
  #closed = false;

  constructor(options: JetStreamLogsOptions) {
    this.#options = options;
    this.#api = new JetStreamApi(options.client);
    this.location = options.client.location;
  }

  /**
   * @throws MillraceError as `PartitionLogs.open`; GUARANTEE_UNSUPPORTED for a stream that would lose records, or is not ours; STORE_FULL,
   * NOT_AUTHORIZED, INVALID_STATE
   */
  open(job: string, partition: number): Promise<PartitionLog> {
    return this.#openFound(job, partition, (wish, location) => this.#findOrMake(wish, location));
  }

  /** @throws MillraceError as `open`; STORE_CORRUPT */
  find(job: string, partition: number): Promise<PartitionLog> {
    return this.#openFound(job, partition, (wish, location) => this.#mustFind(wish, location));
  }

  async #openFound(
    job: string,
    partition: number,
    find: (wish: StreamWish, location: string) => Promise<StreamInfo>,
  ): Promise<PartitionLog> {
    if (this.#closed) throw new MillraceError('INVALID_STATE', `the logs in ${this.location} are closed`);
    checkPartition(job, partition);
    const { client, replicas, maxBytes = -1, onStalled } = this.#options;
    const wish = { name: streamName(job, partition), subject: recordSubject(job, partition), replicas, maxBytes };
    const location = `the stream ${wish.name} (partition ${partition} of job ${job}) in ${this.location}`;
    const found = await find(wish, location);
    checkConfig(configProblems(found.config, wish), location);
    const identity = identityOf(found);
    const log = new JetStreamLog({
      client,
      stream: new PartitionStream({ api: this.#api, name: wish.name, identity, location }),
      subject: wish.subject,
      location,
      identity: `${wish.name} ${identity.drawn ?? identity.created}`,
      ...sizes(client.maxPayload, location),
      onStalled: onStalled && ((ms) => onStalled({ job, partition, ms })),
    });
    this.#open.add(log);
    return log;
  }

  /** @throws MillraceError GUARANTEE_UNSUPPORTED, CLUSTER_UNREACHABLE, STORE_FULL */
  async blobs(job: string, partition: number): Promise<SnapshotBlobs> {
    checkPartition(job, partition);
    const { replicas } = this.#options;
    return JetStreamBlobs.open({ api: this.#api, name: snapshotsName(job), partition, replicas });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((log) => log.close()));
  }

  /** Two may make it at once: who comes second finds it. */
  async #findOrMake(wish: StreamWish, location: string): Promise<StreamInfo> {
    const found = await this.#find(wish, location);
    if (found.answer !== undefined) return found.answer;
    if (found.error.err_code !== API_CODES.streamNotFound) throw apiError(found.error, location);
    const made = await this.#api.ask<StreamInfo>(`STREAM.CREATE.${wish.name}`, configOf(wish, randomUUID()), location);
    if (made.answer !== undefined) return made.answer;
    const again = await this.#find(wish, location);
    if (again.answer !== undefined) return again.answer;
    throw cannotMake(made.error, location);
  }

  async #mustFind(wish: StreamWish, location: string): Promise<StreamInfo> {
    const { answer, error } = await this.#find(wish, location);
    if (answer !== undefined) return answer;
    throw error.err_code === API_CODES.streamNotFound ? gone(`${location} was deleted`) : apiError(error, location);
  }

  #find({ name }: StreamWish, location: string): Promise<ApiAnswer<StreamInfo>> {
    return this.#api.ask<StreamInfo>(`STREAM.INFO.${name}`, undefined, location);
  }
}

/** Its subject is another stream's, or there are fewer servers than copies: no later attempt can pass. */
const cannotMake = (error: ApiError, location: string): MillraceError => {
  const message = `${location} cannot be made`;
  if (apiErrorKind(error) !== 'other') return apiError(error, message);
  return new MillraceError('GUARANTEE_UNSUPPORTED', `${message}: ${error.description}`, {
    advice: 'Give Millrace an account of its own, and replicas that there are servers for.',
    details: { apiCode: error.err_code },
  });
};

const checkConfig = (problems: readonly string[], location: string): void => {
  if (problems.length === 0) return;
  throw new MillraceError('GUARANTEE_UNSUPPORTED', `${location} cannot be a log: ${problems.join('; ')}`, {
    advice:
      'Set it so, if it is ours (nats stream edit); a stream of somebody else under this name belongs into another account.',
    details: { problems },
  });
};

const sizes = (maxPayload: number, location: string): { pieceBytes: number; maxRecordBytes: number } => {
  const pieceBytes = Math.min(maxPayload - HEADER_BYTES, MOST_PIECE_BYTES);
  const maxRecordBytes = Math.min(MOST_PIECES * pieceBytes, MOST_RECORD_BYTES);
  if (maxRecordBytes >= LEAST_RECORD_BYTES) return { pieceBytes, maxRecordBytes };
  throw new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `${location}: the servers take messages of ${maxPayload} bytes at most`,
    {
      advice: 'Raise max_payload of the servers; its default of 1 MB is enough.',
      details: { maxPayload },
    },
  );
};
