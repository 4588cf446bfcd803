import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsClient } from '../../src/nats/index.js';
import { EmbeddedStores } from '../../src/store/embedded/embedded-stores.js';
import type { StoreProvider } from '../../src/store/index.js';
import { JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import { LmdbViews } from '../../src/store/lmdb/view/lmdb-views.js';
import { LogStores } from '../../src/store/log/log-stores.js';
import { type ContenderTask, serveContender } from '../support/contender.js';
import { percentile } from '../support/percentile.js';
import { rowsOfCommit } from '../support/store-rows.js';

/** So many commits ago is what a commit removes. */
const KEPT = 50;
/** Not counted: little is compiled yet, and files grow. */
const WARM_UP = 0.1;

/*
 * The commits of an outbox, one under way at a time, with `window` rows each: how long one takes. `url` names the NATS servers of a cluster; empty:
 * a store on disk.
 */
await serveContender(async (task) => {
  const { messages, window } = task;
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-commits-'));
  const { stores, close } = await open(task, dir);
  const store = await stores.open(task.clientId, 0);
  const times: number[] = [];
  return {
    run: async () => {
      for (let commit = 0; commit < messages / window; commit++) {
        const batch = new Map<string, Uint8Array | undefined>([
          ['source', Buffer.from(String(commit))],
          [`rows/${commit}`, rowsOfCommit(window, commit)],
        ]);
        if (commit >= KEPT) batch.set(`rows/${commit - KEPT}`, undefined);
        const startedAt = performance.now();
        await store.commit(batch);
        times.push(performance.now() - startedAt);
      }
    },
    figures: () => {
      const counted = times.slice(Math.floor(times.length * WARM_UP));
      return { p50Ms: percentile(counted, 0.5), p99Ms: percentile(counted, 0.99), maxMs: percentile(counted, 1) };
    },
    close: async () => {
      await close();
      await rm(dir, { recursive: true });
    },
  };
});

interface OpenStores {
  readonly stores: StoreProvider;
  close(): Promise<void>;
}

async function open({ url }: ContenderTask, dir: string): Promise<OpenStores> {
  if (url === '') {
    const stores = await EmbeddedStores.open(dir);
    return { stores, close: () => stores.close() };
  }
  const client = await NatsClient.open({ servers: url });
  const stores = new LogStores({ logs: new JetStreamLogs({ client, replicas: 3 }), views: await LmdbViews.open(dir) });
  return {
    stores,
    close: async () => {
      await stores.close();
      await client.close();
    },
  };
}
