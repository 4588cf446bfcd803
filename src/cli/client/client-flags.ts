import type { ConnectOptions, WillOptions } from '../../mqtt/connection/options/connect-options.js';
import type { QualityOfService } from '../../mqtt/protocol/quality-of-service.js';
import { topicNameProblem } from '../../mqtt/protocol/topic.js';
import { QOS_CHOICES } from '../bridge/bridge-options.js';
import { connectOptions } from '../bridge/bridge-pipeline.js';
import type { BridgeSide } from '../bridge/bridge-side.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { parseClientBroker, parseConnectTimeout } from './broker-flags.js';

/** What `pub` and `sub` were told of the broker and of themselves. */
export interface ClientFlags {
  readonly broker: BridgeSide;
  /** undefined: a random one. */
  readonly clientId: string | undefined;
  readonly qos: QualityOfService;
  readonly will: WillOptions | undefined;
  /** How long the first connection may take; 0: for ever. */
  readonly connectTimeoutMs: number;
  /** After which it ends; undefined: never. */
  readonly timeoutMs: number | undefined;
}

const QOS = { '0': 0, '1': 1, '2': 2 } as const;

/** Throws INVALID_OPTIONS. */
export function parseClientFlags(options: CollectedOptions, environment: NodeJS.ProcessEnv): ClientFlags {
  return {
    broker: parseClientBroker(options, environment),
    clientId: options.value('client-id'),
    qos: parseQos(options, 'qos'),
    will: parseWill(options),
    connectTimeoutMs: parseConnectTimeout(options),
    timeoutMs: secondsOption(options, 'timeout'),
  };
}

/** Text that must be a topic's name. */
export function topicOption(options: CollectedOptions, name: string): string | undefined {
  const topic = options.value(name);
  const problem = topic === undefined ? undefined : topicNameProblem(topic);
  if (problem !== undefined) throw usageError(`--${name}: ${problem}`, name);
  return topic;
}

/** How it connects. @param sessionExpirySeconds undefined: the default of connections */
export const clientConnectOptions = ({ broker, will }: ClientFlags, sessionExpirySeconds?: number): ConnectOptions => ({
  ...connectOptions(broker),
  ...(will === undefined ? {} : { will }),
  ...(sessionExpirySeconds === undefined ? {} : { properties: { sessionExpiryInterval: sessionExpirySeconds } }),
});

function parseQos(options: CollectedOptions, name: string): QualityOfService {
  return QOS[choiceOption(options, name, QOS_CHOICES) ?? '0'];
}

function parseWill(options: CollectedOptions): WillOptions | undefined {
  const topic = topicOption(options, 'will-topic');
  const delayMs = secondsOption(options, 'will-delay');
  const alone = ['will-payload', 'will-qos', 'will-delay'].find((name) => options.value(name) !== undefined);
  if (topic === undefined) {
    const given = alone ?? (options.flag('will-retain') ? 'will-retain' : undefined);
    if (given !== undefined) throw usageError(`--${given} needs --will-topic`, 'will-topic');
    return undefined;
  }
  return {
    topic,
    payload: options.value('will-payload'),
    qos: parseQos(options, 'will-qos'),
    retain: options.flag('will-retain'),
    ...(delayMs === undefined ? {} : { properties: { willDelayInterval: Math.ceil(delayMs / 1000) } }),
  };
}
