import type { KV, KvWatchEntry } from '@nats-io/kv';
import { MillraceError } from '../../errors/index.js';
import { API_CODES, type ApiError, apiError, type NatsClient, natsError, unreachable } from '../../nats/index.js';
import type { Bucket, BucketEntry, BucketEvent } from '../members/bucket.js';
import { bucketGone } from './bucket-errors.js';
import { KvWatch } from './kv-watch.js';

/** An answer to a message for a stream. */
interface PubAck {
  readonly seq?: number;
  readonly error?: ApiError;
}

/** No answer for so long is none, in milliseconds: shorter than a lease, longer than a healthy server takes. */
const ANSWER_MS = 2000;

/**
 * A bucket of NATS's key-value store. Keys have no TTL: one that has it cannot be renewed. What is put is a message of ours to the subject of its key, with
 * its expectation as a header, so that every answer is known by its code, and a connection that ends is no timeout.
 */
export class KvBucket implements Bucket {
  readonly location: string;
  readonly #client: NatsClient;
  readonly #kv: KV;
  readonly #name: string;
  readonly #watches = new Set<KvWatch>();

  /** Made by `openKvBucket`. */
  constructor(client: NatsClient, kv: KV, name: string) {
    this.location = `bucket ${name} of ${client.location}`;
    this.#client = client;
    this.#kv = kv;
    this.#name = name;
  }

  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    return this.#write(
      key,
      value,
      expected === undefined ? {} : { 'Nats-Expected-Last-Subject-Sequence': `${expected}` },
    );
  }

  async remove(key: string): Promise<void> {
    await this.#write(key, new Uint8Array(), { 'KV-Operation': 'DEL' });
  }

  async get(key: string): Promise<BucketEntry | undefined> {
    try {
      const entry = await this.#kv.get(key);
      return entry === null ? undefined : entryOf(entry);
    } catch (error) {
      throw await this.#explained(error, `reading ${key} of ${this.location}`);
    }
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

  async #write(
    key: string,
    payload: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<number | undefined> {
    const what = `writing ${key} of ${this.location}`;
    const answer = await this.#ask(`$KV.${this.#name}.${key}`, payload, headers, what);
    if (answer.error?.err_code === API_CODES.wrongLastSequence) return undefined;
    if (answer.error !== undefined) throw apiError(answer.error, what);
    if (answer.seq === undefined) throw unreachable(`${what}: the answer is none of JetStream`);
    return answer.seq;
  }

  async #ask(
    subject: string,
    payload: Uint8Array,
    headers: Readonly<Record<string, string>>,
    what: string,
  ): Promise<PubAck> {
    try {
      const answer = await this.#client.request({ subject, payload, headers, timeoutMs: ANSWER_MS });
      return answer.json<PubAck>();
    } catch (error) {
      throw await this.#explained(error, what);
    }
  }

  /** Nobody answers for a bucket that is not there: that it is gone is found out by asking. */
  async #explained(error: unknown, what: string): Promise<MillraceError> {
    const known = error instanceof MillraceError ? error : jetStreamError(error, what);
    if (known.code !== 'CLUSTER_UNREACHABLE') return known;
    try {
      await this.#kv.status();
    } catch (reason) {
      if (isApiError(reason) && reason.apiError().err_code === API_CODES.streamNotFound)
        return bucketGone(this.location);
    }
    return known;
  }
}

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
