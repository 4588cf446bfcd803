import { setTimeout as sleep } from 'node:timers/promises';
import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { MillraceError } from '../../errors/index.js';
import {
  API_CODES,
  type ApiError,
  apiError,
  JetStreamApi,
  type NatsClient,
  type NatsRequest,
  natsError,
  unreachable,
} from '../../nats/index.js';
import type { Bucket, BucketEntry, BucketEvent } from '../members/bucket.js';
import { bucketGone } from './bucket-errors.js';
import { KvWatch } from './kv-watch.js';

/** What a bucket is made of. */
export interface KvBucketParts {
  readonly client: NatsClient;
  readonly kv: KV;
  readonly name: string;
  /** How long what is read may wait for somebody to lead, in milliseconds. */
  readonly patienceMs: number;
  /** Ends that; undefined: nothing does. */
  readonly signal: AbortSignal | undefined;
}

/** An answer to `STREAM.MSG.GET`; bytes in base64. */
interface StoredMessage {
  readonly message: { readonly seq: number; readonly data?: string; readonly hdrs?: string };
}

/** An answer to a message for a stream. */
interface PubAck {
  readonly seq?: number;
  readonly error?: ApiError;
}

/** Another put to the same key is under way, which may yet fail; this one was not done. */
const ANOTHER_UNDER_WAY = 10164;
const PAUSE_MS = 20;
/** A header of what is no value. */
const OPERATION = 'KV-Operation';
/** No answer for so long is none, in milliseconds: shorter than a lease, longer than a healthy server takes. */
const ANSWER_MS = 2000;

/**
 * A bucket of NATS's key-value store. Keys have no TTL: one that has it cannot be renewed. What is put is a message of ours to the subject
 * of its key, with its expectation as a header, so that every answer is known by its code, and a connection that ends is no timeout.
 */
export class KvBucket implements Bucket {
  readonly location: string;
  readonly #client: NatsClient;
  readonly #api: JetStreamApi;
  readonly #kv: KV;
  readonly #name: string;
  readonly #patienceMs: number;
  readonly #watches = new Set<KvWatch>();

  /** Made by `openKvBucket`. */
  constructor({ client, kv, name, patienceMs, signal }: KvBucketParts) {
    this.location = `bucket ${name} of ${client.location}`;
    this.#client = client;
    this.#api = new JetStreamApi(client, signal);
    this.#kv = kv;
    this.#name = name;
    this.#patienceMs = patienceMs;
  }

  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    return this.#write(key, value, expecting(expected));
  }

  async remove(key: string, expected?: number): Promise<void> {
    await this.#write(key, new Uint8Array(), { ...expecting(expected), [OPERATION]: 'DEL' });
  }

  async get(key: string): Promise<BucketEntry | undefined> {
    const what = `reading ${key} of ${this.location}`;
    const path = `STREAM.MSG.GET.${this.#stream}`;
    const { answer, error } = await this.#api.ask<StoredMessage>(
      path,
      { last_by_subj: this.#subject(key) },
      what,
      this.#patienceMs,
    );
    if (error?.err_code === API_CODES.noMessageFound) return undefined;
    if (error !== undefined) throw this.#refused(error, what);
    const { seq, data = '', hdrs = '' } = answer.message;
    const isRemoved = Buffer.from(hdrs, 'base64').includes(OPERATION);
    return { key, value: isRemoved ? undefined : new Uint8Array(Buffer.from(data, 'base64')), revision: seq };
  }

  watch(listener: (event: BucketEvent) => void): () => void {
    const watch = new KvWatch({
      client: this.#client,
      begin: () => this.#kv.watch({ key: '>' }),
      explain: (error) => this.#explained(error, `watching ${this.location}`),
      tell: (event) => listener(event.type === 'entry' ? { type: 'entry', entry: entryOf(event.entry) } : event),
    });
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
      watch.stop();
    };
  }

  /** The connection is its owner's. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  get #stream(): string {
    return `KV_${this.#name}`;
  }

  #subject(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }

  async #write(
    key: string,
    payload: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<number | undefined> {
    const what = `writing ${key} of ${this.location}`;
    const endsAt = performance.now() + ANSWER_MS;
    for (;;) {
      const { seq, error } = await this.#publish({ subject: this.#subject(key), payload, headers }, what);
      if (error === undefined && seq !== undefined) {
        for (const watch of this.#watches) watch.expect(seq);
        return seq;
      }
      if (error?.err_code === API_CODES.wrongLastSequence) return undefined;
      if (error !== undefined && error.err_code !== ANOTHER_UNDER_WAY) throw this.#refused(error, what);
      if (error === undefined) throw unreachable(`${what}: the answer is none of JetStream`);
      if (performance.now() > endsAt) throw unreachable(`${what}: ${error.description}`);
      await sleep(PAUSE_MS);
    }
  }

  async #publish(message: Omit<NatsRequest, 'timeoutMs'>, what: string): Promise<PubAck> {
    try {
      const answer = await this.#client.request({ ...message, timeoutMs: ANSWER_MS });
      return answer.json<PubAck>();
    } catch (error) {
      throw await this.#explained(error, what);
    }
  }

  /** Nobody answers for a bucket that is not there: that it is gone is found out by asking. */
  async #explained(error: unknown, what: string): Promise<MillraceError> {
    const known = jetStreamError(error, what);
    if (known.details.apiCode === API_CODES.streamNotFound) return bucketGone(this.location);
    if (known.code !== 'CLUSTER_UNREACHABLE') return known;
    try {
      const { error: refusal } = await this.#api.ask(`STREAM.INFO.${this.#stream}`, undefined, what, 0);
      return refusal === undefined ? known : this.#refused(refusal, what);
    } catch {
      return known;
    }
  }

  #refused(error: ApiError, what: string): MillraceError {
    return error.err_code === API_CODES.streamNotFound ? bucketGone(this.location) : apiError(error, what);
  }
}

const expecting = (revision: number | undefined): Readonly<Record<string, string>> =>
  revision === undefined ? {} : { 'Nats-Expected-Last-Subject-Sequence': `${revision}` };

const entryOf = (entry: Pick<KvWatchEntry, 'key' | 'value' | 'revision' | 'operation'>): BucketEntry => ({
  key: entry.key,
  value: entry.operation === 'PUT' ? entry.value : undefined,
  revision: entry.revision,
});

/** The package is loaded when a cluster is opened, so its class is not at hand. */
const isApiError = (error: unknown): error is Error & { apiError(): ApiError } =>
  error instanceof Error && 'apiError' in error && typeof error.apiError === 'function';

/** What the packages of NATS threw about JetStream. */
export const jetStreamError = (error: unknown, what: string): MillraceError =>
  isApiError(error) ? apiError(error.apiError(), what) : natsError(error, what);
