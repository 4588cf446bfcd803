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
export type NodeQuestion =
  | 'figures'
  | 'suspend'
  | 'resume'
  | 'open'
  /** What came before counts no more. */
  | 'forget'
  /** Answered with figures when so many messages have come since then, and nothing is left of them here. */
  | { readonly through: number };

/** When a message came. */
export interface FirstMessage {
  /** By the clock of this machine. */
  readonly atMs: number;
  /** What the process had used by then. */
  readonly cpuMicros: number;
}

/** Of this process, so far. */
export interface NodeFigures {
  /** By the clock of this machine. */
  readonly atMs: number;
  /** Of items that are made here, how many the store has. */
  readonly stored: number;
  /** Of the first message since `forget`; undefined: none came. */
  readonly first: FirstMessage | undefined;
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
