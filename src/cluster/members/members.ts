import { MillraceError } from '../../errors/index.js';
import type { Beat, Change, Claim, Owner } from '../claims/change.js';
import { type ClusterManifest, settleClusterManifest } from '../manifest/cluster-manifest.js';
import {
  type Ask,
  begunAgain,
  type Desired,
  type DesiredState,
  FIRST_DESIRED,
  nextDesired,
  type SeenDesired,
} from '../manifest/desired-state.js';
import type { Bucket, BucketEntry, BucketEvent } from './bucket.js';
import {
  changeOf,
  claimKey,
  claimOf,
  DESIRED_KEY,
  encodeBeat,
  encodeClaim,
  encodeDesired,
  encodeManifest,
  encodeReached,
  logKey,
  MANIFEST_KEY,
  nodeKey,
  readDesired,
  readManifest,
  readReached,
} from './entry-codec.js';
import { checkNodeId } from './node-id.js';

/** What a node says of itself when it joins; its run is what the join gives. */
export type Introduction = Omit<Beat, 'run' | 'count'>;

/** What a watch tells, and when it cannot go on. */
export type MembersEvent =
  | Change
  /** What the job is to do, on all nodes. */
  | ({ readonly type: 'desired' } & SeenDesired)
  | { readonly type: 'failed'; readonly error: MillraceError };

/** Somebody may always be quicker, but not so often. */
const MOST_ATTEMPTS = 100;
/** Until what was read too early is read again, in milliseconds. */
const READ_AGAIN_MS = 20;

/**
 * The nodes of one job and its claims, in a bucket that all nodes share. Nothing here makes an owner: a claim says who should be one, and
 * gives the epoch with which that node takes the log of the partition. First `settleManifest`, then `join`, then all else.
 */
export class Members {
  /** For messages: where they are. */
  readonly location: string;
  readonly #bucket: Bucket;
  readonly #job: string;
  readonly #joining: AbortSignal | undefined;
  #manifest: ClusterManifest | undefined;
  /** The revision of the last that this node said of itself. */
  #said = 0;
  /** Of the end from which this began the job again without an answer: it may be done or not. */
  #unanswered: number | undefined;

  /**
   * @param job its name, for messages
   * @param joining aborted: the join is given up, and begins to change nothing more
   */
  constructor(bucket: Bucket, job: string, joining?: AbortSignal) {
    this.location = bucket.location;
    this.#bucket = bucket;
    this.#job = job;
    this.#joining = joining;
  }

  /**
   * Writes the manifest, or compares this node's with what is there.
   * @returns the one that holds
   * @throws MillraceError JOB_CHANGED, STORE_VERSION, STORE_CORRUPT, and those of the bucket
   */
  async settleManifest(
    wanted: ClusterManifest,
    options: { readonly allowPlanChange?: boolean } = {},
  ): Promise<ClusterManifest> {
    const { allowPlanChange = false } = options;
    return this.#changeManifest((stored) =>
      stored === undefined ? wanted : settleClusterManifest({ job: this.#job, stored, wanted, allowPlanChange }),
    );
  }

  /** The manifest that is there, for who brings none. @throws MillraceError STORE_CORRUPT without one, and those of the bucket */
  async manifest(): Promise<ClusterManifest> {
    return this.#changeManifest((stored) => {
      if (stored === undefined) throw this.#gone();
      return stored;
    });
  }

  /**
   * Says from where epochs count on: after the bucket was lost its revisions begin anew, and the logs do not. Only a person can know that
   * nobody else is at it.
   * @param epochBase at least the highest epoch of all logs
   */
  async rebase(epochBase: number): Promise<ClusterManifest> {
    return this.#changeManifest((stored) => {
      if (stored === undefined) throw this.#gone();
      return { ...stored, epochBase: Math.max(epochBase, stored.epochBase) };
    });
  }

  /**
   * Becomes a member under that id. A process that had it before is superseded. May be tried again when there was no answer.
   * @returns the run, which the beats carry and claims are made with
   */
  async join(introduction: Introduction): Promise<number> {
    checkNodeId(introduction.node);
    const key = nodeKey(introduction.node);
    const value = encodeBeat({ ...introduction, run: 0, count: 0 });
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      // with an expectation: an earlier attempt that had no answer would supersede this one if it were done after it
      const run = await this.#bucket.put(key, value, (await this.#read(key))?.revision ?? 0);
      if (run === undefined) continue;
      this.#say(run);
      return run;
    }
    throw new MillraceError('CLUSTER_UNREACHABLE', `${key} of ${this.location} changes all the time`);
  }

  /** Resolves when all can see it. */
  async beat(beat: Beat): Promise<void> {
    this.#say(await this.#bucket.put(nodeKey(beat.node), encodeBeat(beat)));
  }

  /** Is a member no more, and leaves another process that has joined under its id since alone. */
  async leave(node: string): Promise<void> {
    await this.#bucket.remove(nodeKey(node), this.#said);
  }

  /** What is kept of a node that is gone for long is removed; if it is not, its next beat says so. */
  async forget(node: string): Promise<void> {
    await this.#bucket.remove(nodeKey(node));
  }

  /**
   * Claims a partition, or claims it again: each claim has an epoch that no other has.
   * @param revision that the claim still has; 0: there is none
   * @returns the claim; undefined when it has another revision
   */
  async claim(partition: number, revision: number, owner: Owner): Promise<Claim | undefined> {
    return this.#put(partition, revision, owner);
  }

  /**
   * Gives a claim back.
   * @param early not all that was in flight was delivered, or stored, before
   * @returns the claim without owner; undefined when it was another's already
   */
  async release({ partition, revision }: Claim, early: boolean): Promise<Claim | undefined> {
    return this.#put(partition, revision, undefined, early);
  }

  /** The seq that the log of a partition has reached, as far as it was noted; 0: it was not. @throws MillraceError those of the bucket */
  async reached(partition: number): Promise<number> {
    return readReached((await this.#bucket.get(logKey(partition)))?.value);
  }

  /** A partition is opened, and its log has reached that: whoever opens it next knows that it was there. */
  async noteReached(partition: number, seq: number): Promise<void> {
    await this.#bucket.put(logKey(partition), encodeReached(seq));
  }

  /**
   * Says what the job is to do, on all nodes.
   * @returns what is desired then: another, when the job comes to an end that this cannot take the place of, or has had one since
   */
  async desire(ask: Ask): Promise<SeenDesired> {
    // who knows more than what is read reads something old
    return this.#changeDesired(ask.generation, (stored) => nextDesired(stored, ask));
  }

  /** What the job is to do. */
  async desired(): Promise<Desired> {
    return readEntry(await this.#bucket.get(DESIRED_KEY));
  }

  /**
   * A node brings the job: one that has failed is begun again, and with `again` any that has ended. It may be tried again when there was no
   * answer: the job is begun again once.
   * @returns what is desired then, and the end that the job had; `begun`: it was begun again by this
   */
  async begin(again: boolean): Promise<{ readonly desired: Desired; readonly begun: DesiredState | undefined }> {
    let end: Desired['end'];
    try {
      const { desired } = await this.#changeDesired(0, (stored) => {
        const isDone = this.#unanswered !== undefined && (stored.end?.generation ?? 0) >= this.#unanswered;
        const next = isDone ? undefined : begunAgain(stored, again);
        end = isDone ? stored.end : next?.end;
        return next;
      });
      return { desired, begun: end?.state };
    } catch (error) {
      this.#unanswered = end?.generation ?? this.#unanswered;
      throw error;
    }
  }

  /** Tells all that is there, and what changes from then on, until it is stopped by the function that it gives. */
  watch(listener: (event: MembersEvent) => void): () => void {
    return this.#bucket.watch((event) => {
      for (const change of this.#changesOf(event)) listener(change);
    });
  }

  async close(): Promise<void> {
    await this.#bucket.close();
  }

  #say(revision = 0): void {
    this.#said = Math.max(this.#said, revision);
  }

  get #epochBase(): number {
    if (this.#manifest === undefined) throw new MillraceError('INTERNAL', 'the manifest comes before all else');
    return this.#manifest.epochBase;
  }

  async #put(partition: number, revision: number, owner: Owner | undefined, early = false): Promise<Claim | undefined> {
    const epochBase = this.#epochBase;
    const now = await this.#bucket.put(claimKey(partition), encodeClaim(owner, early), revision);
    if (now === undefined) return undefined;
    const claim = claimOf(partition, owner, now, epochBase);
    return early ? { ...claim, early } : claim;
  }

  #changesOf(event: BucketEvent): readonly MembersEvent[] {
    if (event.type !== 'entry') return [event];
    const { key, value, revision } = event.entry;
    if (key === DESIRED_KEY)
      return value === undefined ? [] : [{ type: 'desired', desired: readDesired(value), revision }];
    if (key !== MANIFEST_KEY) return [changeOf(event.entry, this.#epochBase) ?? []].flat();
    const manifest = value && readManifest(value);
    if (manifest === undefined) return [{ type: 'failed', error: this.#gone() }];
    this.#manifest = manifest;
    return [];
  }

  /** What is about to be changed. */
  async #read(key: string): Promise<BucketEntry | undefined> {
    const entry = await this.#bucket.get(key);
    this.#joining?.throwIfAborted();
    return entry;
  }

  async #changeDesired(known: number, change: (stored: Desired) => Desired | undefined): Promise<SeenDesired> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const entry = await this.#read(DESIRED_KEY);
      const stored = readEntry(entry);
      if (stored.generation < known) {
        await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS));
        continue;
      }
      const next = change(stored);
      if (next === undefined) return { desired: stored, revision: entry?.revision ?? 0 };
      const revision = await this.#bucket.put(DESIRED_KEY, encodeDesired(next), entry?.revision ?? 0);
      if (revision !== undefined) return { desired: next, revision };
    }
    throw new MillraceError('CLUSTER_UNREACHABLE', `what is asked for in ${this.location} changes all the time`);
  }

  async #changeManifest(change: (stored: ClusterManifest | undefined) => ClusterManifest): Promise<ClusterManifest> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const entry = await this.#read(MANIFEST_KEY);
      const stored = entry?.value && readManifest(entry.value);
      if (entry?.value !== undefined && stored === undefined) throw this.#gone();
      const next = change(stored);
      const written =
        next === stored || (await this.#bucket.put(MANIFEST_KEY, encodeManifest(next), entry?.revision ?? 0));
      if (written === undefined) continue;
      this.#manifest = next;
      return next;
    }
    throw new MillraceError('CLUSTER_UNREACHABLE', `the manifest of ${this.location} changes all the time`);
  }

  #gone(): MillraceError {
    return new MillraceError(
      'STORE_CORRUPT',
      `${this.location} has no manifest of job "${this.#job}", or one that cannot be read`,
      {
        advice: 'Somebody removed or changed it. Stop all nodes; docs/cluster.md says how the claims are made anew.',
        details: { job: this.#job },
      },
    );
  }
}

const readEntry = (entry: BucketEntry | undefined): Desired =>
  entry?.value === undefined ? FIRST_DESIRED : readDesired(entry.value);
