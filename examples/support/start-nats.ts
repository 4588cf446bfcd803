import { endAll } from '../../test/support/cleanup.js';
import { startNats } from '../../test/support/nats/nats-cluster.js';
import { natsAbsence } from '../../test/support/nats/nats-servers-here.js';

/** Three NATS servers on this machine. */
export interface ExampleServers extends AsyncDisposable {
  /** As `servers` of `Engine.cluster` takes them. */
  readonly urls: string;
}

/** In temporary directories. Undefined where `nats-server` is not installed: that is said. */
export async function startExampleServers(): Promise<ExampleServers | undefined> {
  if (natsAbsence() !== undefined) return undefined;
  const { urls } = await startNats({ size: 3 });
  return { urls: urls.join(','), [Symbol.asyncDispose]: endAll };
}
