import { MillraceError } from '../../../errors/index.js';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { connectionMetrics } from '../../../mqtt/connection/connection-metrics.js';
import { Dialer } from '../../../mqtt/connection/dialer.js';
import { resolveConnectOptions } from '../../../mqtt/connection/options/resolve-connect-options.js';
import type { Transport } from '../../../mqtt/connection/transport/transport.js';
import type { ConnectPacket } from '../../../mqtt/protocol/packet.js';
import { connectOptions } from '../../bridge/bridge-pipeline.js';
import type { BridgeSide } from '../../bridge/bridge-side.js';

/** How to reach the broker, and who we are there. */
export interface Place {
  /** Rejects when the signal aborts, too. */
  open(signal: AbortSignal): Promise<Transport>;
  /** Of each CONNECT. */
  readonly credentials: Pick<ConnectPacket, 'username' | 'password'>;
}

/** Throws INVALID_OPTIONS. */
export function placeOf(side: BridgeSide): Place {
  const metrics = new MetricsRegistry();
  const { options, problems } = resolveConnectOptions({
    name: 'check',
    broker: side.url,
    options: connectOptions(side),
    keepSession: false,
    startClean: true,
    subscriptions: [],
    refuseLowerQos: false,
    onSessionLoss: 'drop',
    metrics,
    labels: {},
  });
  if (options === undefined) throw new MillraceError('INVALID_OPTIONS', problems.join('; '));
  const { username, password } = side;
  return {
    open: (signal) => {
      const counted = connectionMetrics(metrics, {}, () => true);
      return new Dialer(options, counted, signal).transport(options.servers[0]);
    },
    credentials: {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
    },
  };
}
