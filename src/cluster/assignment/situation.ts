/** A node that has a view of a partition. */
export interface Follower {
  readonly node: string;
  /** Its view is near the end of the partition's log, so it could take over at once. */
  readonly warm: boolean;
}

/** What an assignment is made of: nothing but what each node sees alike, in whatever order. */
export interface Situation {
  /** Those that may have partitions: alive, and not about to leave. */
  readonly nodes: readonly string[];
  /** By partition, who has it now; undefined or a node that is not among `nodes`: it needs an owner. */
  readonly owners: readonly (string | undefined)[];
  /** By partition; whoever is missing has no view of it. */
  readonly followers: readonly (readonly Follower[])[];
  /** By partition, the nodes that cannot open it, for reasons of their own; empty where whoever is missing can. */
  readonly unfit: readonly (readonly string[])[];
  /** How many other nodes are to follow each partition. */
  readonly standbys: number;
}

/** Who should have what, by partition. */
export interface Assignment {
  /** Undefined only when there is no node. */
  readonly owners: readonly (string | undefined)[];
  /** Never the owner, each once; the first to be asked come first. */
  readonly standbys: readonly (readonly string[])[];
}
