import { after } from 'node:test';
import { openKvBucket } from '../../src/cluster/jetstream/open-kv-bucket.js';
import { MemoryBucket, MemoryEntries } from '../../src/cluster/memory/memory-bucket.js';
import { NatsClient } from '../../src/nats/index.js';
import { onCleanup } from '../support/cleanup.js';
import { PATIENCE_MS } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { membersContract } from './members-contract.js';

membersContract('memory', {
  start: async () => {
    const entries = new MemoryEntries();
    return { open: async () => new MemoryBucket(entries) };
  },
});

membersContract('memory whose steps each take a turn', {
  start: async () => {
    const entries = new MemoryEntries();
    return { open: async () => new MemoryBucket(entries, (_, go) => setImmediate(go)) };
  },
});

for (const size of [1, 3] as const) {
  let servers: Promise<NatsCluster> | undefined;
  let buckets = 0;
  after(async () => (await servers)?.end());
  membersContract(`NATS of ${size}`, {
    skip: natsAbsence(),
    start: async () => {
      servers ??= startNats({ size });
      const nats = await servers;
      buckets++;
      const key = `contract-${size}-${buckets}`;
      const open = async () => {
        const client = await NatsClient.open({ servers: nats.urls });
        onCleanup(() => client.close());
        return openKvBucket(client, { key, replicas: nats.replicas, patienceMs: PATIENCE_MS });
      };
      return { open };
    },
  });
}
