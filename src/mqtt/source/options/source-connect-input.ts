import type { OpenContext } from '../../../connector/open-context.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { ConnectInput } from '../../connection/options/resolve-connect-options.js';
import type { WantedSubscription } from '../../connection/subscriptions/wanted-subscription.js';
import type { SourceSettings } from './mqtt-source-options.js';

/** What is known of a source's connection besides its settings. */
export interface SourceConnectFacts {
  /** For events, metrics and errors. */
  readonly name: string;
  /** What `connectOptionsFn` gave. */
  readonly options: ConnectOptions;
  /** Empty where nothing is read, and filters are unsubscribed alone. */
  readonly subscriptions: readonly WantedSubscription[];
  /** Why nothing older than 5.0 will do: then no other version is tried. */
  readonly needsVersion5: string | undefined;
  /** Below it nothing is exactly once: see `neededQos`. */
  readonly neededQos: 1 | 2;
}

/** Asks the user's function. A string is the problem with it. */
export const askConnectOptions = (settings: SourceSettings<unknown>): ConnectOptions | string => {
  if (settings.connectOptionsFn === undefined) return {};
  try {
    const options = settings.connectOptionsFn();
    return typeof options === 'object' && options !== null ? options : 'connectOptionsFn must return an object';
  } catch (error) {
    return `connectOptionsFn threw: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** With the guarantee `none`, `drop` keeps retained messages from coming again. */
const DEFAULT_SESSION_LOSS = { none: 'drop', 'at-least-once': 'redeliver', 'exactly-once': 'fail' } as const;

/** What the connection resolves, at `build()` to find the problems and at each opening to connect. */
export const sourceConnectInput = (
  settings: SourceSettings<unknown>,
  facts: SourceConnectFacts,
  context: Pick<OpenContext, 'guarantee' | 'metrics'>,
): ConnectInput => ({
  name: `source ${facts.name}`,
  broker: settings.broker,
  options: facts.needsVersion5 === undefined ? facts.options : { ...facts.options, protocolVersion: 5 },
  auth: settings.auth,
  clientId: settings.clientId,
  keepSession: settings.keepSession,
  autoReconnect: settings.autoReconnect,
  startClean: !(settings.keepSession ?? facts.options.clean === false),
  subscriptions: facts.subscriptions,
  formerFilters: settings.unsubscribe ?? [],
  // QoS 2 granted as 1 is enough for at-least-once and with deduplication
  refuseLowerQos: context.guarantee === 'exactly-once' && facts.neededQos === 2,
  refuseQos0: context.guarantee !== 'none',
  requireQos2: context.guarantee === 'exactly-once' && facts.neededQos === 2,
  requireKeptSession: context.guarantee === 'exactly-once',
  onSessionLoss: settings.onSessionLoss ?? DEFAULT_SESSION_LOSS[context.guarantee],
  metrics: context.metrics,
  labels: { source: facts.name },
});
