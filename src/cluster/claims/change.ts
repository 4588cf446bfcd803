/** What a node says of itself, again and again. */
export interface Beat {
  readonly node: string;
  /** Grows with each start of its process. */
  readonly run: number;
  /** Of the beats of this run, from 0 up. */
  readonly count: number;
  /** For how long it counts as alive without another one, in milliseconds. */
  readonly leaseMs: number;
  /** It takes partitions: it is ready, and not about to leave. */
  readonly accepts: boolean;
  /** The partitions that run there. */
  readonly running: readonly number[];
  /** Those that failed there, and wait to be opened again. */
  readonly restarting: readonly number[];
  /** Those whose sources have ended, and which have delivered all. */
  readonly ended: readonly number[];
  /** Those that it could not open, for reasons of its own: others come before it. */
  readonly unfit: readonly number[];
  /** Those that it follows, and whose view is near the end of the log. */
  readonly warm: readonly number[];
  /** Those that it follows, and whose view is not yet. */
  readonly behind: readonly number[];
}

/** Whose a partition is: a run of a node. */
export interface Owner {
  readonly node: string;
  readonly run: number;
}

/** Who should own a partition, as all see it. Who does is decided by its log. */
export interface Claim {
  readonly partition: number;
  /** Undefined: it was given back. */
  readonly owner: Owner | undefined;
  /** Grows with each change of the claim; 0: there was never one. */
  readonly revision: number;
  /** What its owner writes with: higher than any before. */
  readonly epoch: number;
  /** It was given back before all that was in flight was delivered, or stored. */
  readonly early?: true;
}

/** What a watch tells. */
export type Change =
  | { readonly type: 'beat'; readonly beat: Beat }
  /** The node has left in order. */
  | { readonly type: 'left'; readonly node: string }
  | { readonly type: 'claim'; readonly claim: Claim }
  /** Somebody wrote there what no node writes. */
  | { readonly type: 'unreadable'; readonly key: string }
  /** All that was there when the watch began, or began anew, has been told. */
  | { readonly type: 'caught-up' }
  /** From here on nothing is seen; all is told anew before the next `caught-up`. */
  | { readonly type: 'interrupted' };
