import type { LocalViews } from '../../store/log/local-view.js';
import type { PartitionLogs } from '../../store/log/partition-log.js';
import type { Edges } from '../exchange/edges.js';
import type { Bucket } from '../members/bucket.js';

/** What is asked for to be told when a commit has had no answer for a while. */
export interface StalledCommit {
  readonly job: string;
  readonly partition: number;
  readonly stalledMs: number;
}

/** Where the nodes of a cluster meet, as one of them reaches it. */
export interface ClusterPlace {
  /** For messages. */
  readonly location: string;
  /** How long servers may be without answer to a node that joins a job, in milliseconds. */
  readonly patienceMs: number;
  /** The claims of a job. @param signal aborted: who joins has given up, and nothing is asked again */
  openBucket(job: string, signal: AbortSignal): Promise<Bucket>;
  /** What items of a job take to another partition. */
  edgesOf(job: string): Edges;
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /** Calls whenever a commit of a job has had no answer for a second, until what it gives is called. */
  onStalled(listener: (commit: StalledCommit) => void): () => void;
  /** Closes logs, views and what they stand on. */
  close(): Promise<void>;
}
