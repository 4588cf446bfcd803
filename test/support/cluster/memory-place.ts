import type { ClusterPlace } from '../../../src/cluster/engine/cluster-place.js';
import { MemoryBucket, MemoryEntries, type MemoryPace } from '../../../src/cluster/memory/memory-bucket.js';
import { MemoryEdges } from '../../../src/cluster/memory/memory-edges.js';
import { MemoryLogs } from '../../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../../src/store/log/memory/memory-views.js';

/** What the nodes of a cluster in this process share. */
export class MemoryCluster {
  readonly #entries = new Map<string, MemoryEntries>();
  readonly #edges = new Map<string, MemoryEdges>();
  readonly logs = new MemoryLogs();

  /** The way of one node to it, as slow and broken as its pace has it. */
  place(pace?: MemoryPace): ClusterPlace {
    const logs = new MemoryLogs(this.logs);
    return {
      location: 'memory',
      patienceMs: 30_000,
      logs,
      views: new MemoryViews(),
      openBucket: async (job) => new MemoryBucket(this.#entriesOf(job), pace),
      edgesOf: (job) => this.#edgesOf(job),
      onStalled: () => () => {},
      close: () => logs.close(),
    };
  }

  #edgesOf(job: string): MemoryEdges {
    const known = this.#edges.get(job) ?? new MemoryEdges();
    this.#edges.set(job, known);
    return known;
  }

  #entriesOf(job: string): MemoryEntries {
    const known = this.#entries.get(job) ?? new MemoryEntries();
    this.#entries.set(job, known);
    return known;
  }
}
