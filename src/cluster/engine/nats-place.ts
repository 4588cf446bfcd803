import { NatsClient } from '../../nats/index.js';
import { JetStreamLogs } from '../../store/jetstream/jetstream-logs.js';
import { loadObj } from '../../store/jetstream/load-obj.js';
import { jobKey } from '../../store/job-key.js';
import type { LocalViews } from '../../store/log/local-view.js';
import { MemoryViews } from '../../store/log/memory/memory-views.js';
import { NatsEdges } from '../exchange/nats-edges.js';
import { openKvBucket } from '../jetstream/open-kv-bucket.js';
import type { ResolvedCluster } from './cluster-options.js';
import type { ClusterPlace, StalledCommit } from './cluster-place.js';

/** Choosing a leader takes the servers 4 to 10 seconds. */
const PATIENCE_MS = 30_000;

/** A cluster whose nodes meet at NATS servers: logs and claims are in JetStream, the views on this machine. */
export async function openNatsPlace({ nats, dir, replicas }: ResolvedCluster): Promise<ClusterPlace> {
  const client = await NatsClient.open(nats);
  const listeners = new Set<(commit: StalledCommit) => void>();
  const logs = new JetStreamLogs({
    client,
    replicas,
    onStalled: ({ job, partition, ms }) => {
      for (const listener of listeners) listener({ job, partition, stalledMs: ms });
    },
  });
  try {
    const views = await openViews(dir);
    // else the first takeover would wait for it
    await loadObj();
    return {
      location: client.location,
      patienceMs: PATIENCE_MS,
      logs,
      views,
      openBucket: (job, signal) =>
        openKvBucket(client, { key: jobKey(job, 40), replicas, patienceMs: PATIENCE_MS, signal }),
      edgesOf: (job) => new NatsEdges(client, job),
      onStalled: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: async () => {
        await logs.close();
        await views.close();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function openViews(dir: string | undefined): Promise<LocalViews> {
  if (dir === undefined) return new MemoryViews();
  const { LmdbViews } = await import('../../store/lmdb/view/lmdb-views.js');
  return LmdbViews.open(dir);
}
