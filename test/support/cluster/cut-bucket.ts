import type { Bucket, BucketEntry, BucketEvent } from '../../../src/cluster/members/bucket.js';
import { MillraceError } from '../../../src/errors/index.js';

/** A bucket whose servers can be cut off: what is asked is rejected, and nothing is told until they are back. */
export class CutBucket implements Bucket {
  readonly location: string;
  readonly #bucket: Bucket;
  readonly #watches = new Map<(event: BucketEvent) => void, () => void>();
  #cut = false;

  constructor(bucket: Bucket) {
    this.location = bucket.location;
    this.#bucket = bucket;
  }

  cut(): void {
    this.#cut = true;
    for (const [listener, stop] of this.#watches) {
      stop();
      listener({ type: 'interrupted' });
    }
  }

  mend(): void {
    this.#cut = false;
    for (const listener of this.#watches.keys()) this.#watches.set(listener, this.#bucket.watch(listener));
  }

  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    return this.#cut ? away() : this.#bucket.put(key, value, expected);
  }

  get(key: string): Promise<BucketEntry | undefined> {
    return this.#cut ? away() : this.#bucket.get(key);
  }

  remove(key: string): Promise<void> {
    return this.#cut ? away() : this.#bucket.remove(key);
  }

  watch(listener: (event: BucketEvent) => void): () => void {
    this.#watches.set(listener, this.#bucket.watch(listener));
    return () => {
      this.#watches.get(listener)?.();
      this.#watches.delete(listener);
    };
  }

  close(): Promise<void> {
    return this.#bucket.close();
  }
}

const away = (): Promise<never> => Promise.reject(new MillraceError('CLUSTER_UNREACHABLE', 'cut off'));
