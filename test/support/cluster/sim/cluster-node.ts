import type { Edges } from '../../../../src/cluster/exchange/edges.js';
import type { Bucket } from '../../../../src/cluster/members/bucket.js';
import type { LocalViews } from '../../../../src/store/log/local-view.js';
import type { PartitionLogs } from '../../../../src/store/log/partition-log.js';
import type { Store } from '../../../../src/store/store.js';
import type { SimBroker } from '../../sim/sim-broker.js';
import type { SimSocket } from '../../sim/sim-socket.js';
import type { Schedule } from './schedule.js';

export type Side = 'source' | 'sink';

/** What a process of a node is given of its world. */
export interface NodeSetting {
  readonly name: string;
  readonly schedule: Schedule;
  readonly bucket: Bucket;
  readonly edges: Edges;
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  readonly connect: (side: Side) => SimSocket;
  /** A number from 0 up to 1. */
  readonly chance: () => number;
  /** It has a claim, and opens the partition next. */
  readonly opening: () => void;
  /** A partition was opened: by the epoch its store, where it can be looked at, has all that the log has. */
  readonly opened: (partition: number, has?: { readonly epoch: number; readonly store: Store }) => void;
  /** It cannot go on, or has left: its supervisor starts it again. */
  readonly ended: () => void;
  readonly complain: (text: string) => void;
}

/** A process of a node. */
export interface ClusterNode {
  /** Gives all back and ends. */
  leave(): void;
  /** It has the partition, as far as it knows. */
  runs(partition: number): boolean;
}

/**
 * What runs in the nodes. Its partition `p` reads `in/p` at QoS 2, and the partitions write `out/<key>`, by clients with `-p` at the end
 * where there are several, as `DeliveryOracle` says.
 */
export interface NodeKind {
  begin(setting: NodeSetting): ClusterNode;
  /** What was there before. */
  prepare(brokers: Readonly<Record<Side, SimBroker>>, partition: number): void;
  /** Of each partition that is published to. */
  readonly keys: number;
  /** How many messages of a key the state of a partition has counted. */
  countOf(key: string, read: (storeKey: string) => Uint8Array | undefined): number;
  /** The broker may lose what it has for a reader: its session is wiped by a CONNECT of a former owner, which is noticed and told. */
  readonly mayLose: boolean;
}
