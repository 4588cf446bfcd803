import { createHash } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import type { ObjectInfo, ObjectStore, Objm } from '@nats-io/obj';
import { MillraceError } from '../../errors/index.js';
import { type JetStreamApi, natsError } from '../../nats/index.js';
import type { SnapshotBlobs } from '../log/snapshot-blobs.js';
import { corruptError } from '../storage-error.js';
import { loadObj } from './load-obj.js';
import { PartitionStream } from './partition-stream.js';
import { readChunks } from './read-chunks.js';
import { identityOf } from './stream-config.js';

/** Of a chunk: a message. */
const CHUNK_BYTES = 512 * 1024;
const HEADER_BYTES = 4 * 1024;

/** Where the blobs of a partition are. */
export interface JetStreamBlobsOptions {
  readonly api: JetStreamApi;
  /** Of the object store, which the partitions of a job share. */
  readonly name: string;
  readonly partition: number;
  readonly replicas: number;
}

interface JetStreamBlobsParts extends JetStreamBlobsOptions {
  readonly objects: ObjectStore;
  readonly stream: PartitionStream;
  readonly location: string;
}

/**
 * Blobs as objects of an object store of NATS, as its own tools see them. Reading is ours: the client would have the whole of an object in
 * memory, and wait for ever for one whose chunks are gone.
 */
export class JetStreamBlobs implements SnapshotBlobs {
  readonly #parts: JetStreamBlobsParts;

  private constructor(parts: JetStreamBlobsParts) {
    this.#parts = parts;
  }

  /** Makes the object store, where it is not there. @throws MillraceError GUARANTEE_UNSUPPORTED for one that could lose a snapshot */
  static open(options: JetStreamBlobsOptions): Promise<JetStreamBlobs> {
    return JetStreamBlobs.#opened(options, (stores) => stores.create(options.name, { replicas: options.replicas }));
  }

  /** The same where it is there, to be read; makes none. @throws as `open`, and those of the servers */
  static find(options: JetStreamBlobsOptions): Promise<Pick<JetStreamBlobs, 'get'>> {
    return JetStreamBlobs.#opened(options, (stores) => stores.open(options.name));
  }

  /** To make it or to find it may be tried again: a log is opened as patiently. */
  static #opened(
    options: JetStreamBlobsOptions,
    open: (stores: Objm) => Promise<ObjectStore>,
  ): Promise<JetStreamBlobs> {
    return options.api.patiently(() => JetStreamBlobs.#openedOnce(options, open));
  }

  static async #openedOnce(
    options: JetStreamBlobsOptions,
    open: (stores: Objm) => Promise<ObjectStore>,
  ): Promise<JetStreamBlobs> {
    const { api, name, replicas } = options;
    const location = `the object store ${name} in ${api.client.location}`;
    const { Objm } = await loadObj();
    try {
      const objects = await open(new Objm(api.client.connection));
      const { streamInfo } = await objects.status();
      const config = { ...streamInfo.config };
      checkConfig(config, replicas, location);
      const identity = identityOf({ config, created: streamInfo.created });
      const stream = new PartitionStream({ api, name: streamInfo.config.name, identity, location });
      return new JetStreamBlobs({ ...options, objects, stream, location });
    } catch (error) {
      throw natsError(error, location);
    }
  }

  async put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void> {
    const { api, objects } = this.#parts;
    const source = new Source(slices);
    const max_chunk_size = Math.min(CHUNK_BYTES, api.client.maxPayload - HEADER_BYTES);
    try {
      await objects.put(
        { name: this.#objectName(name), options: { max_chunk_size } },
        ReadableStream.from(source.read()),
      );
    } catch (error) {
      throw source.failure === undefined ? natsError(error, this.#parts.location) : source.failure.error;
    }
  }

  async *get(name: string): AsyncGenerator<Uint8Array, void> {
    const { stream, location, name: bucket } = this.#parts;
    const info = await this.#ask((objects) => objects.info(this.#objectName(name)));
    if (info === null || info.deleted) throw corruptError(`${location} has no blob ${name}`);
    const what = `the blob ${name} in ${location}`;
    const hash = createHash('sha256');
    let chunks = 0;
    for await (const chunk of readChunks(stream, `$O.${bucket}.C.${info.nuid}`, info.chunks, what)) {
      hash.update(chunk);
      chunks += 1;
      yield chunk;
    }
    if (digestOf(info) !== hash.digest('base64url'))
      throw corruptError(`${what} is not what was put: ${chunks} chunks`);
  }

  /** What is left of it by the client, a note that it was there, goes too: there is a snapshot every few minutes, for years. */
  async remove(name: string): Promise<void> {
    const { api, name: bucket, stream, location } = this.#parts;
    const object = this.#objectName(name);
    await this.#ask((objects) => objects.delete(object));
    const filter = `$O.${bucket}.M.${padded(Buffer.from(object).toString('base64url'))}`;
    await api.ask(`STREAM.PURGE.${stream.name}`, { filter }, location);
  }

  async list(): Promise<readonly string[]> {
    const infos = await this.#ask((objects) => objects.list());
    const prefix = this.#objectName('');
    return infos.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name.slice(prefix.length));
  }

  #objectName(name: string): string {
    return `${this.#parts.partition}/${name}`;
  }

  async #ask<T>(work: (objects: ObjectStore) => Promise<T>): Promise<T> {
    try {
      return await work(this.#parts.objects);
    } catch (error) {
      throw natsError(error, this.#parts.location);
    }
  }
}

/** Slices as they are given; a failure of their maker's is told apart from one of the servers. */
class Source {
  failure: { readonly error: unknown } | undefined;
  readonly #slices: AsyncIterable<Uint8Array>;

  constructor(slices: AsyncIterable<Uint8Array>) {
    this.#slices = slices;
  }

  async *read(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const slice of this.#slices) if (slice.byteLength > 0) yield slice;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** The log is trimmed behind a snapshot: it must be as safe as the log. */
const checkConfig = (config: Readonly<Record<string, unknown>>, replicas: number, location: string): void => {
  const needed = { storage: 'file', discard: 'new', max_age: 0, max_msgs: -1 };
  const problems = Object.entries(needed)
    .filter(([setting, value]) => config[setting] !== value)
    .map(([setting, value]) => `${setting} is ${config[setting]} and must be ${value}`);
  if (Number(config.num_replicas) < replicas) {
    problems.push(`num_replicas is ${config.num_replicas} and must be at least ${replicas}`);
  }
  if (problems.length === 0) return;
  throw new MillraceError('GUARANTEE_UNSUPPORTED', `${location} cannot hold snapshots: ${problems.join('; ')}`, {
    advice: 'Set it so (nats stream edit), or give Millrace an account of its own.',
    details: { problems },
  });
};

/** As the client writes it: `SHA-256=` and base64 for URLs, padded. */
const digestOf = ({ digest }: ObjectInfo): string => digest.replace(/^SHA-256=/, '').replace(/=+$/, '');

const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=');
