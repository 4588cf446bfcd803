import type { ProcessingGuarantee } from '../../../connector/processing-guarantee.js';
import { RetryStrategies } from '../../../connector/retry/retry-strategies.js';
import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { lendingPlace } from '../../connection/options/lent-place.js';
import type { OnSessionLoss } from '../../connection/options/on-session-loss.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import { topicNameProblem } from '../../protocol/topic.js';
import { type Encode, messageEncoder, plainEncoder, type VersionedMessageFn } from '../message/message-encoder.js';
import { toldEncoder } from '../message/told-encoder.js';
import type { MqttSinkOptions } from './mqtt-sink-options.js';
import type { QueueLimits } from './queue-limits.js';
import { type ResolvedClients, resolveClients } from './resolve-clients.js';
import { checkSinkOptions } from './sink-checks.js';

/** An MQTT sink with every default applied and every bound checked. */
export interface ResolvedSink<T> {
  /** For metrics, events and errors. */
  readonly name: string;
  /** Of messages that name none themselves. */
  readonly topic: string | undefined;
  /** Of messages that name none themselves. */
  readonly qos: (guarantee: ProcessingGuarantee) => QualityOfService;
  /** An exactly-once job takes messages below QoS 2, too (R16). */
  readonly allowLowerQos: boolean;
  /** Makes a message of an item. */
  readonly encoder: (guarantee: ProcessingGuarantee) => Encode<T>;
  /** Who publishes. */
  readonly clients: ResolvedClients;
  /** Of refused messages and, without auto-reconnect, of connecting. */
  readonly retry: RetryStrategy;
  /** Of a queue whose rows are nowhere else. */
  readonly limits: (guarantee: ProcessingGuarantee) => QueueLimits;
  /** Of a queue that is fed from an outbox. */
  readonly outboxLimits: QueueLimits;
  /** In a job with a store: what becomes of what was sent and not confirmed (R17). */
  readonly onSessionLoss: (guarantee: ProcessingGuarantee) => OnSessionLoss;
  /** In a job with a store: what becomes of a session that is there at the very first start (R6). */
  readonly onUnknownSession: 'fail' | 'discard';
  /** What becomes of a rejected item. */
  readonly onError: OnError;
}

/**
 * @param versioned instead of `messageFn`: for messages that depend on the version of the protocol
 * @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems`
 */
export const resolveSink = <T>(given: MqttSinkOptions<T>, versioned?: VersionedMessageFn<T>): ResolvedSink<T> => {
  const checked = checkSinkOptions(given);
  const { options } = checked;
  const { topic, messageFn, qualityOfService, retain = false, onError = 'fail' } = options;
  const { retryStrategy = RetryStrategies.never(), allowLowerQos = false, onUnknownSession = 'fail' } = options;
  const qos = (guarantee: ProcessingGuarantee): QualityOfService =>
    qualityOfService ?? (guarantee === 'exactly-once' ? 2 : 1);
  const clients = resolveClients(options);
  const problems = [
    ...checked.problems,
    // a wrong one has been told
    ...(given.topic === topic && given.messageFn === messageFn ? topicProblems(topic, messageFn !== undefined) : []),
    ...clients.problems,
  ];
  const name = clients.baseId ?? `mqtt(${topic ?? 'topic of the message'})`;
  if (problems.length > 0) throw invalidOptions(`MQTT sink "${name}"`, problems);
  const toMessage = versioned ?? oneArgument(messageFn);
  return {
    name,
    topic,
    qos,
    allowLowerQos,
    encoder: (guarantee) => {
      const defaults = { topic, qos: qos(guarantee), retain };
      return toldEncoder(name, toMessage === undefined ? plainEncoder(defaults) : messageEncoder(toMessage, defaults));
    },
    clients,
    retry: retryStrategy,
    limits: (guarantee) => limitsOf(options, guarantee === 'none' ? BUFFERED.none : BUFFERED.direct),
    outboxLimits: limitsOf(options, BUFFERED.outbox),
    onSessionLoss: (guarantee) => options.onSessionLoss ?? (guarantee === 'exactly-once' ? 'fail' : 'redeliver'),
    onUnknownSession,
    onError: lendingPlace(onError, { ...options, clientId: clients.baseId }),
  };
};

/** The version is no part of `messageFn`'s contract: a user's function with a second, optional parameter must not get it. */
const oneArgument = <T>(messageFn: MqttSinkOptions<T>['messageFn']): VersionedMessageFn<T> | undefined =>
  messageFn === undefined ? undefined : (item) => messageFn(item);

/**
 * Under at-least-once without a store the source is the buffer: what waits here becomes duplicates when the source's connection is
 * cut. An outbox keeps the rest on disk; what waits here is what a commit lets out at once.
 */
const BUFFERED = { none: 10_000, direct: 256, outbox: 2048 } as const;

const limitsOf = (options: MqttSinkOptions<never>, maxBufferedMessages: number): QueueLimits => ({
  maxBufferedMessages: options.maxBufferedMessages ?? maxBufferedMessages,
  maxBufferedBytes: options.maxBufferedBytes ?? 16 * 1024 * 1024,
  offlineOverflow: options.offlineOverflow ?? 'pause',
});

const topicProblems = (topic: string | undefined, hasMessageFn: boolean): string[] => {
  if (topic === undefined) {
    return hasMessageFn ? [] : ['there is no topic: give one, or a messageFn that names it in each message'];
  }
  const problem = topicNameProblem(topic);
  return problem === undefined ? [] : [`the topic ${JSON.stringify(topic)} is not valid: ${problem}`];
};
