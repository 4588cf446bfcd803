import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../errors/index.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { Connection, type GrantedSubscription } from '../../mqtt/connection/connection.js';
import { resolveConnectOptions } from '../../mqtt/connection/options/resolve-connect-options.js';
import type { WantedSubscription } from '../../mqtt/connection/subscriptions/wanted-subscription.js';
import type { ConnectedEvent } from '../../mqtt/protocol/session/session-event.js';
import { connectOptions } from '../bridge/bridge-pipeline.js';
import type { BridgeSide } from '../bridge/bridge-side.js';

/** How long a session is to be kept: what the routes ask for, in seconds. */
export const ASKED_EXPIRY = 604_800;
const PATIENCE_MS = 10_000;

/** What a broker said. */
export interface Probed {
  /** Of its CONNACK; undefined: it did not come to that. */
  readonly connected: Pick<ConnectedEvent, 'version' | 'limits'> | undefined;
  readonly granted: readonly GrantedSubscription[];
  /** Why it did not come as far as it should. */
  readonly error: MillraceError | undefined;
}

/**
 * Connects with a random client id and a session that ends with the connection, subscribes, and leaves: no session of a route is
 * touched, and what comes meanwhile is not acknowledged. Never rejects.
 */
export async function probeBroker(side: BridgeSide, subscriptions: readonly WantedSubscription[]): Promise<Probed> {
  const clientId = `check${randomBytes(8).toString('hex')}`;
  let connected: ConnectedEvent | undefined;
  let granted: readonly GrantedSubscription[] = [];
  const { options, problems } = resolveConnectOptions({
    name: 'check',
    broker: side.url,
    options: {
      ...connectOptions(side),
      // below 5.0 there is no word for it
      ...((side.version ?? 5) < 5 ? {} : { properties: { sessionExpiryInterval: ASKED_EXPIRY } }),
    },
    clientId,
    keepSession: false,
    autoReconnect: false,
    startClean: true,
    subscriptions,
    refuseLowerQos: false,
    onSessionLoss: 'drop',
    metrics: new MetricsRegistry(),
    labels: {},
  });
  if (options === undefined)
    return { connected, granted, error: new MillraceError('INVALID_OPTIONS', problems.join('; ')) };
  const connection = new Connection(options, {
    onSessionEvents: () => {},
    onConnected: (event) => {
      connected = event;
    },
    onSubscribed: (given) => {
      granted = given;
    },
    onDisconnected: () => {},
    onSessionLost: () => {},
    onFailed: () => {},
    onDrain: () => {},
  });
  try {
    await connection.open(AbortSignal.timeout(PATIENCE_MS));
    return { connected, granted, error: undefined };
  } catch (error) {
    return { connected, granted, error: MillraceError.from(error) };
  } finally {
    await connection.close();
  }
}
