import type { Bucket, BucketEntry, BucketEvent } from '../../../src/cluster/members/bucket.js';
import { MillraceError } from '../../../src/errors/index.js';

/** What becomes of a put that has no answer: it is done, or it is done when the next one to its key has been answered. */
type Unanswered = 'done' | 'done late';

/** A bucket whose servers can be cut off: what is asked is rejected, and nothing is told until they are back. */
export class CutBucket implements Bucket {
  readonly location: string;
  readonly #bucket: Bucket;
  readonly #watches = new Map<(event: BucketEvent) => void, () => void>();
  readonly #unanswered = new Map<string, Unanswered>();
  readonly #late = new Map<string, () => Promise<unknown>>();
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

  /** The next put to the key has no answer. */
  leaveUnanswered(key: string, how: Unanswered): void {
    this.#unanswered.set(key, how);
  }

  async put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    if (this.#cut) return away();
    const put = () => this.#bucket.put(key, value, expected);
    const unanswered = this.#unanswered.get(key);
    this.#unanswered.delete(key);
    if (unanswered === 'done late') this.#late.set(key, put);
    else if (unanswered === 'done') await put();
    if (unanswered !== undefined) return away();
    const revision = await put();
    await this.#late.get(key)?.();
    this.#late.delete(key);
    return revision;
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
