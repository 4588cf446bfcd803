import { ensureNatsServer } from '../../scripts/nats-servers.js';
import { type NatsCluster, startNats } from '../../test/support/nats/nats-cluster.js';

/** Three servers, each of which flushes what it writes before it acknowledges it. Installed where there is none. */
export const startBenchNats = (): Promise<NatsCluster> =>
  startNats({ size: 3, program: ensureNatsServer(), syncInterval: 'always' });
