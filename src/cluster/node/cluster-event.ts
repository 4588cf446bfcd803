import type { JobEvent } from '../../engine/job/job-event.js';
import type { MillraceError } from '../../errors/index.js';
import type { LossReason } from '../claims/claims-action.js';

/** What a job on a cluster tells besides, as it is seen from one node. */
export type ClusterEvent =
  | {
      /** The job had ended, and this node has begun it again. */
      readonly kind: 'begun-again';
      readonly job: string;
      readonly after: 'failed' | 'completed' | 'cancelled';
      /** What it had failed with. */
      readonly error: MillraceError | undefined;
    }
  /** The job that this node brings was completed or cancelled, and does not run again unless that is asked for (`beginAgain`). */
  | { readonly kind: 'ended-before'; readonly job: string; readonly after: 'completed' | 'cancelled' }
  /** Another node takes part. */
  | { readonly kind: 'node-joined'; readonly job: string; readonly node: string }
  /** No beat of it was seen for a lease, which was `silentMs` ago: its partitions are taken over. Nothing is lost. */
  | { readonly kind: 'node-gone'; readonly job: string; readonly node: string; readonly silentMs: number }
  /** This node is to have the partition. */
  | { readonly kind: 'partition-claimed'; readonly job: string; readonly partition: number; readonly epoch: number }
  | {
      /** The partition runs here. */
      readonly kind: 'partition-running';
      readonly job: string;
      readonly partition: number;
      /** Where its state came from: what this node had, a snapshot, or its log alone. Undefined for a job that keeps none. */
      readonly from: 'view' | 'snapshot' | 'log' | undefined;
      /** How long it took to have the state, in milliseconds. */
      readonly restoreMs: number;
    }
  /** It was stopped at once, since another may have it. Nothing is lost: that one goes on from what is stored. */
  | { readonly kind: 'partition-lost'; readonly job: string; readonly partition: number; readonly reason: LossReason }
  | {
      /** It ended here because it was to, and goes on elsewhere. */
      readonly kind: 'partition-released';
      readonly job: string;
      readonly partition: number;
      /** What it failed with while it ended; undefined: it ended in order. What was under way is not lost. */
      readonly error: MillraceError | undefined;
    }
  | {
      /** A run of the partition failed, and it is opened again. */
      readonly kind: 'partition-restarting';
      readonly job: string;
      readonly partition: number;
      readonly error: MillraceError;
      /** Milliseconds until then. */
      readonly waitMs: number;
    }
  | {
      /**
       * It could not be opened here, several times in a row, for reasons of this node: its own storage. Another node takes it, and it is not
       * claimed here for a while, unless there is no other.
       */
      readonly kind: 'partition-unfit';
      readonly job: string;
      readonly partition: number;
      readonly error: MillraceError;
      /** In a row. */
      readonly failures: number;
      /** For how long others come before this node, in milliseconds; longer each time. */
      readonly forMs: number;
    }
  /** A commit has no answer yet: the servers choose a leader, or are away. What is under way waits, nothing is lost. */
  | { readonly kind: 'commit-stalled'; readonly job: string; readonly partition: number; readonly stalledMs: number }
  /** The servers were not reached. What runs goes on for as long as it needs no commit, and stops at the end of the lease. */
  | { readonly kind: 'cluster-unreachable'; readonly job: string; readonly error: MillraceError }
  /** A snapshot could not be taken: the log grows until the next one. */
  | {
      readonly kind: 'snapshot-failed';
      readonly job: string;
      readonly partition: number;
      readonly error: MillraceError;
    }
  /** Somebody has removed records of the log of a partition that runs here. A snapshot is taken in their place: nothing is lost. */
  | { readonly kind: 'records-removed'; readonly job: string; readonly partition: number }
  /** The claims were made anew and count from below the logs: `millrace cluster repair` is needed. */
  | { readonly kind: 'epochs-behind'; readonly job: string; readonly partition: number };

/** All that `onEvent` of a job on a cluster is told. */
export type ClusterJobEvent = JobEvent | ClusterEvent;
