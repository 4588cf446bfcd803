import { setTimeout as sleep } from 'node:timers/promises';
import type * as Kv from '@nats-io/kv';
import type { MillraceError } from '../../errors/index.js';
import { loadPackage } from '../../internal/load-package.js';
import { API_CODES, NATS_PACKAGES, type NatsClient } from '../../nats/index.js';
import { foreignBucket } from './bucket-errors.js';
import { jetStreamError, KvBucket } from './kv-bucket.js';

/** Which bucket, and how it is made when it is not there. */
export interface KvBucketOptions {
  /** Of the job: letters, digits, `_` and `-`. */
  readonly key: string;
  /** Servers that have a copy. */
  readonly replicas: number;
  /** How long servers may take to agree who leads, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the patience, also of what is read later. */
  readonly signal?: AbortSignal;
}

/** Between attempts, in milliseconds. */
const RETRY_MS = 250;

/**
 * Opens the bucket of a job, and makes it when it is not there.
 * @throws MillraceError CLUSTER_UNREACHABLE, UNSUPPORTED without the packages, STORE_CORRUPT for a bucket of others, NOT_AUTHORIZED
 */
export async function openKvBucket(client: NatsClient, options: KvBucketOptions): Promise<KvBucket> {
  const { patienceMs, signal } = options;
  const { Kvm } = await loadKv();
  const name = `mr-${options.key}`;
  const manager = new Kvm(client.connection);
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const kv = await manager.create(name, { history: 1, replicas: options.replicas, allow_direct: false });
      await checkConfiguration(kv, `bucket ${name} of ${client.location}`);
      return new KvBucket({ client, kv, name, patienceMs, signal });
    } catch (error) {
      const known = jetStreamError(error, `opening bucket ${name} of ${client.location}`);
      if (!mayPass(known) || performance.now() > endsAt) throw known;
      await sleep(RETRY_MS);
    }
  }
}

/** A stream that another node has just made is not known to every server. */
const mayPass = ({ code, details }: MillraceError): boolean =>
  code === 'CLUSTER_UNREACHABLE' || details.apiCode === API_CODES.streamNotFound;

const loadKv = (): Promise<Pick<typeof Kv, 'Kvm'>> =>
  loadPackage('@nats-io/kv', 'a cluster', () => import('@nats-io/kv'), NATS_PACKAGES);

/** A claim that ages away, or an old one that makes room for a new one, would be a claim that nobody gave back. */
async function checkConfiguration(kv: Kv.KV, location: string): Promise<void> {
  const { config } = (await kv.status()).streamInfo;
  const expected = {
    max_age: 0,
    max_msgs_per_subject: 1,
    max_msgs: -1,
    discard: 'new',
    retention: 'limits',
    storage: 'file',
  } as const;
  const differences = Object.entries(expected).flatMap(([name, value]) => {
    const found = config[name as keyof typeof expected];
    return found === value ? [] : [`${name} is ${found} and not ${value}`];
  });
  if (config.mirror || config.sources?.length) differences.push('it is made of another one');
  if (differences.length > 0) throw foreignBucket(location, differences);
}
