import type { MillraceError } from '../../errors/index.js';

/** A value under its key. */
export interface BucketEntry {
  readonly key: string;
  /** Undefined: it was removed. */
  readonly value: Uint8Array | undefined;
  /** Of this change. */
  readonly revision: number;
}

/** What a watch tells. */
export type BucketEvent =
  | { readonly type: 'entry'; readonly entry: BucketEntry }
  | { readonly type: 'caught-up' }
  | { readonly type: 'interrupted' }
  /** The watch is over. */
  | { readonly type: 'failed'; readonly error: MillraceError };

/**
 * A few small values that all nodes see: what membership needs of a server, and nothing that only one has.
 *
 * MB1. Each change has a revision, higher than all before in the bucket.
 * MB2. A put with an expected revision is done when the key still has that one (0: it was never there), or not at all.
 * MB3. A watch of a bucket in which something stands tells the last change of each key, then `caught-up`, then every key that changes, in
 *     the order of revisions; of changes of one key that follow each other quickly it may leave out all but the last. When it may have
 *     missed something it says `interrupted` and begins anew.
 * MB4. What was answered is durable, and is seen by every watch. A `get` may come late; a put with an expectation never goes by what is
 *     old.
 */
export interface Bucket {
  /** For messages: where it is. */
  readonly location: string;
  /**
   * @param expected the revision that the key has to have; undefined: any
   * @returns the new revision; undefined when the key has another than the expected one
   * @throws MillraceError CLUSTER_UNREACHABLE when it may be done or not, STORE_FULL, NOT_AUTHORIZED, STORE_CORRUPT when the bucket is gone
   */
  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined>;
  /** The newest entry. @throws as `put` */
  get(key: string): Promise<BucketEntry | undefined>;
  /** Its key is watched as removed; nothing is done when it has another than the expected revision. @throws as `put` */
  remove(key: string, expected?: number): Promise<void>;
  /** Tells until it is stopped by the function that it gives. */
  watch(listener: (event: BucketEvent) => void): () => void;
  /** Lets go of it; what is in it stays. */
  close(): Promise<void>;
}
