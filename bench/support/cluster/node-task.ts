/** What the process of a node is told on its command line. */
export interface NodeTask {
  readonly node: string;
  /** URLs of the NATS servers; undefined: one process alone, with its store in `dir`. */
  readonly servers: readonly string[] | undefined;
  readonly dir: string;
  readonly job: string;
  readonly partitions: number;
  readonly standbys: number;
  readonly work: NodeWork;
}

/** The pipeline of the job. */
export type NodeWork =
  /** From one broker to another at QoS 2; each partition has its share of the topics. */
  | { readonly kind: 'bridge'; readonly from: string; readonly to: string }
  /** So many keys, each with a text of so many characters as its state; they come when they are asked for. */
  | { readonly kind: 'keyed'; readonly keys: number; readonly stateChars: number };

/** What a node is asked. */
export type NodeQuestion = 'figures' | 'suspend' | 'resume' | 'open';

/** Of this process, so far. */
export interface NodeFigures {
  readonly acknowledged: number;
  /** Of items that are made here, how many the store has. */
  readonly stored: number;
  /** Messages in the outboxes. */
  readonly waiting: number;
  /** When the first message came since the job was resumed, by the clock of this machine; undefined: none did. */
  readonly firstAtMs: number | undefined;
  readonly commits: number;
  readonly commitSeconds: number;
  readonly cpuMicros: number;
  readonly maxRssBytes: number;
}

/** What a node tells: events of its job, which runs once it is `running`, and answers. */
export type NodeMessage =
  | {
      readonly type: 'event';
      readonly kind: string;
      readonly partition?: number;
      readonly restoreMs?: number;
      readonly from?: string;
    }
  | { readonly type: 'answer'; readonly id: number; readonly figures?: NodeFigures };
