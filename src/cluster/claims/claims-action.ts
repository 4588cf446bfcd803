import type { Claim } from './change.js';

/** Why a partition must stop at once. */
export type LossReason =
  /** Its claim is another's now. */
  | { readonly type: 'moved'; readonly by: string | undefined }
  /** Its log has a record of a later owner. */
  | { readonly type: 'fenced' }
  /** No beat of ours was taken for a lease, so others may take over; how long ago the last one was, in milliseconds. */
  | { readonly type: 'beats-late'; readonly silentMs: number }
  /** Another process has joined under this node's id. */
  | { readonly type: 'superseded' };

/**
 * What is to be done. `claim` and `release` are answered by `settle`; `open`, `drain` and `stop` by signals of the partition, which may
 * have to end before it has begun.
 */
export type ClaimsAction =
  /** The claim must still be that one, of which the revision is given. */
  | { readonly type: 'claim'; readonly partition: number; readonly revision: number }
  /** `early`: not all that was in flight was delivered, or stored, before. */
  | { readonly type: 'release'; readonly claim: Claim; readonly early: boolean }
  /** The partition begins, with an epoch that was never used before. */
  | { readonly type: 'open'; readonly claim: Claim }
  /** It ends in order, and `release` follows. */
  | { readonly type: 'drain'; readonly partition: number }
  /** It ends at once: nothing more is written or sent. */
  | { readonly type: 'stop'; readonly partition: number; readonly reason: LossReason }
  /** Its log is followed into a view, so that it can be taken over quickly, or no more. */
  | { readonly type: 'follow'; readonly partition: number }
  | { readonly type: 'unfollow'; readonly partition: number }
  /** Its claim is the newest, and yet its log has a later epoch: the claims were made anew, and their epochs lag behind. */
  | { readonly type: 'epochs-behind'; readonly partition: number }
  | { readonly type: 'node-joined'; readonly node: string }
  | { readonly type: 'node-gone'; readonly node: string; readonly silentMs: number }
  /** Another process has joined under this node's id: this one has to end. */
  | { readonly type: 'superseded' }
  /** What is kept of a node that is gone for long can be removed. */
  | { readonly type: 'forget'; readonly node: string };
