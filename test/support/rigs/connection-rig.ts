import type { MillraceError } from '../../../src/errors/millrace-error.js';
import { MetricsRegistry } from '../../../src/metrics/metrics-registry.js';
import {
  Connection,
  type ConnectionListener,
  type GrantedSubscription,
} from '../../../src/mqtt/connection/connection.js';
import type { ConnectOptions } from '../../../src/mqtt/connection/options/connect-options.js';
import {
  type ConnectInput,
  resolveConnectOptions,
} from '../../../src/mqtt/connection/options/resolve-connect-options.js';
import type { WantedSubscription } from '../../../src/mqtt/connection/subscriptions/wanted-subscription.js';
import type { ConnectedEvent, MessageEvent } from '../../../src/mqtt/protocol/session/session-event.js';
import { onCleanup } from '../cleanup.js';
import { PATIENCE_MS } from '../limits.js';

/** A connection with an owner that acknowledges everything at once and writes down what it is told. */
export interface ConnectionRig {
  readonly connection: Connection;
  readonly messages: readonly (MessageEvent & { readonly text: string })[];
  readonly delivered: readonly number[];
  readonly connected: readonly ConnectedEvent[];
  readonly granted: readonly (readonly GrantedSubscription[])[];
  readonly disconnects: readonly MillraceError[];
  readonly failures: readonly MillraceError[];
  /** The given-up sequence numbers of each session loss. */
  readonly losses: readonly (readonly number[])[];
  readonly metrics: MetricsRegistry;
  open(timeoutMs?: number): Promise<void>;
  publish(seq: number, topic: string, options?: { readonly qos?: 0 | 1 | 2; readonly payload?: Uint8Array }): void;
}

/** A subscription with the defaults of a source. */
export function wanted(filter: string, more: Partial<WantedSubscription> = {}): WantedSubscription {
  return {
    filter,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 1,
    subscriptionIdentifier: undefined,
    ...more,
  };
}

/** Short times, so that a test of a fault need not wait long. */
const QUICK: ConnectOptions = { clientId: 'rig', reconnectPeriod: 20, maxReconnectPeriod: 200, connectTimeout: 5000 };

/** Makes one; it is closed with the test file at the latest. */
export function connectionRig(
  broker: string,
  options: ConnectOptions = {},
  input: Partial<ConnectInput> = {},
): ConnectionRig {
  const metrics = new MetricsRegistry();
  const quick = options.autoReconnect === false ? { clientId: 'rig' } : QUICK;
  const resolved = resolveConnectOptions({
    name: 'rig',
    broker,
    options: { ...quick, ...options },
    keepSession: undefined,
    startClean: true,
    subscriptions: [],
    refuseLowerQos: false,
    onSessionLoss: 'redeliver',
    metrics,
    labels: {},
    ...input,
  });
  if (resolved.options === undefined) throw new Error(resolved.problems.join('; '));
  return makeRig(new Recorder(), (listener) => new Connection(fail(resolved.options), listener), metrics);
}

function fail<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no options');
  return value;
}

class Recorder {
  readonly messages: (MessageEvent & { readonly text: string })[] = [];
  readonly delivered: number[] = [];
  readonly connected: ConnectedEvent[] = [];
  readonly granted: (readonly GrantedSubscription[])[] = [];
  readonly disconnects: MillraceError[] = [];
  readonly failures: MillraceError[] = [];
  readonly losses: (readonly number[])[] = [];
}

function makeRig(
  seen: Recorder,
  make: (listener: ConnectionListener) => Connection,
  metrics: MetricsRegistry,
): ConnectionRig {
  const connection: Connection = make(listenerOf(seen, () => connection));
  onCleanup(() => connection.close(0));
  return {
    ...seen,
    connection,
    metrics,
    open: (timeoutMs = PATIENCE_MS) => connection.open(AbortSignal.timeout(timeoutMs)),
    publish: (seq, topic, { qos = 1, payload = new TextEncoder().encode(String(seq)) } = {}) => {
      connection.session.publish({ seq, topic, payload, qos, retain: false });
      connection.flush();
    },
  };
}

function listenerOf(seen: Recorder, connection: () => Connection): ConnectionListener {
  return {
    onSessionEvents: (events) => {
      const { session } = connection();
      for (const event of events) {
        if (event.type === 'message') {
          seen.messages.push({ ...event, text: new TextDecoder().decode(event.payload) });
          if (event.qos > 0) session.accept(event.token);
        } else if (event.type === 'release') session.complete(event.token);
        else if (event.type === 'received') session.release(event.seq);
        else if (event.type === 'delivered') seen.delivered.push(event.seq);
      }
      connection().flush();
    },
    onConnected: (event) => seen.connected.push(event),
    onSubscribed: (granted) => seen.granted.push(granted),
    onDisconnected: (error) => seen.disconnects.push(error),
    onSessionLost: (givenUp) => seen.losses.push(givenUp.map(({ seq }) => seq)),
    onFailed: (error) => seen.failures.push(error),
    onDrain: () => {},
  };
}
