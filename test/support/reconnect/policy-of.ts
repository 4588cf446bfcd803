import assert from 'node:assert/strict';
import { MetricsRegistry } from '../../../src/metrics/metrics-registry.js';
import type { ConnectOptions } from '../../../src/mqtt/connection/options/connect-options.js';
import { resolveConnectOptions } from '../../../src/mqtt/connection/options/resolve-connect-options.js';
import { ReconnectPolicy } from '../../../src/mqtt/connection/reconnect/reconnect-policy.js';
import type { WantedSubscription } from '../../../src/mqtt/connection/subscriptions/wanted-subscription.js';

/** The policy of a connection with these options. `random`: by default each wait is half of its ceiling. */
export const policyOf = (
  options: ConnectOptions = {},
  subscriptions: readonly WantedSubscription[] = [],
  random: () => number = () => 0.5,
): ReconnectPolicy => {
  const { options: resolved } = resolveConnectOptions({
    name: 'test',
    broker: undefined,
    options: { clientId: 'c', ...options },
    keepSession: undefined,
    startClean: true,
    subscriptions,
    refuseLowerQos: false,
    onSessionLoss: 'redeliver',
    metrics: new MetricsRegistry(),
    labels: {},
  });
  assert.ok(resolved);
  return new ReconnectPolicy(resolved, random);
};
