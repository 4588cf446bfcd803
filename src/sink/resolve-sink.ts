import { invalidOptions } from '../connection/resolve-connect-options.js';
import { isOnError, type OnError } from '../connector/on-error.js';
import type { ProcessingGuarantee } from '../connector/processing-guarantee.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import { topicNameProblem } from '../protocol/topic.js';
import type { LaneLimits } from './lane-limits.js';
import { type Encode, messageEncoder, plainEncoder, type VersionedMessageFn } from './message-encoder.js';
import type { MqttSinkOptions } from './mqtt-sink-options.js';
import { resolveClients, type SinkClients } from './resolve-clients.js';
import { RetryStrategies } from './retry-strategies.js';
import type { RetryStrategy } from './retry-strategy.js';

/** An MQTT sink with every default applied and every bound checked. */
export interface ResolvedSink<T> {
  /** For metrics, events and errors. */
  readonly name: string;
  /** Of messages that name none themselves. */
  readonly topic: string | undefined;
  /** Of messages that name none themselves. */
  readonly qos: QualityOfService;
  readonly encode: Encode<T>;
  readonly clients: SinkClients;
  readonly retry: RetryStrategy;
  readonly limits: (guarantee: ProcessingGuarantee) => LaneLimits;
  readonly onError: OnError;
}

const OVERFLOWS = ['drop-oldest', 'drop-newest', 'pause'];

/**
 * @param versioned instead of `messageFn`: for messages that depend on the version of the protocol
 * @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems`
 */
export const resolveSink = <T>(options: MqttSinkOptions<T>, versioned?: VersionedMessageFn<T>): ResolvedSink<T> => {
  const { topic, messageFn, qualityOfService: qos = 1, retain = false, onError = 'fail' } = options;
  const { retryStrategy = RetryStrategies.never() } = options;
  const limits = (guarantee: ProcessingGuarantee): LaneLimits => limitsOf(options, guarantee);
  const clients = resolveClients(options);
  const problems = [
    ...topicProblems(topic, messageFn !== undefined),
    ...messageProblems(options),
    ...clients.problems,
    ...limitProblems(limits('none')),
    ...retryProblems(retryStrategy),
    ...(isOnError(onError) ? [] : ["onError must be 'fail', 'skip' or { deadLetter: sink }"]),
  ];
  const name = clients.baseId ?? `mqtt(${topic ?? 'topic of the message'})`;
  if (problems.length > 0) throw invalidOptions(`MQTT sink "${name}"`, problems);
  const defaults = { topic, qos, retain };
  const toMessage = versioned ?? oneArgument(messageFn);
  const encode = toMessage === undefined ? plainEncoder(defaults) : messageEncoder(toMessage, defaults);
  return { name, topic, qos, encode, clients, retry: retryStrategy, limits, onError };
};

/** The version is no part of `messageFn`'s contract: a user's function with a second, optional parameter must not get it. */
const oneArgument = <T>(messageFn: MqttSinkOptions<T>['messageFn']): VersionedMessageFn<T> | undefined =>
  messageFn === undefined ? undefined : (item) => messageFn(item);

/** Under at-least-once the source is the buffer: what waits here becomes duplicates when the source's connection is cut. */
const limitsOf = (options: MqttSinkOptions<never>, guarantee: ProcessingGuarantee): LaneLimits => ({
  maxBufferedMessages: options.maxBufferedMessages ?? (guarantee === 'none' ? 10_000 : 256),
  maxBufferedBytes: options.maxBufferedBytes ?? 16 * 1024 * 1024,
  offlineOverflow: options.offlineOverflow ?? 'pause',
});

const topicProblems = (topic: unknown, hasMessageFn: boolean): string[] => {
  if (topic === undefined) {
    return hasMessageFn ? [] : ['there is no topic: give one, or a messageFn that names it in each message'];
  }
  if (typeof topic !== 'string') return ['topic must be a string'];
  const problem = topicNameProblem(topic);
  return problem === undefined ? [] : [`the topic ${JSON.stringify(topic)} is not valid: ${problem}`];
};

const messageProblems = ({ messageFn, qualityOfService, retain }: MqttSinkOptions<never>): string[] => [
  ...(messageFn === undefined || typeof messageFn === 'function' ? [] : ['messageFn must be a function']),
  ...(qualityOfService === undefined || [0, 1, 2].includes(qualityOfService)
    ? []
    : [`qualityOfService is ${qualityOfService}: it must be 0, 1 or 2`]),
  ...(retain === undefined || typeof retain === 'boolean' ? [] : ['retain must be true or false']),
];

const limitProblems = ({ maxBufferedMessages, maxBufferedBytes, offlineOverflow }: LaneLimits): string[] => [
  ...countProblems('maxBufferedMessages', maxBufferedMessages),
  ...countProblems('maxBufferedBytes', maxBufferedBytes),
  ...(OVERFLOWS.includes(offlineOverflow)
    ? []
    : [`offlineOverflow is "${offlineOverflow}": it must be ${OVERFLOWS.join(', ')}`]),
];

const countProblems = (name: string, value: number): string[] =>
  Number.isSafeInteger(value) && value >= 1 ? [] : [`${name} is ${value}: it must be a whole number from 1`];

const retryProblems = (strategy: RetryStrategy): string[] =>
  typeof strategy?.intervalFunction === 'function' && strategy.maxAttempts >= 0
    ? []
    : ['retryStrategy must be one of RetryStrategies'];
