import type { OnError, Sink } from '../../connector/sink.js';
import type { Source } from '../../connector/source.js';
import { scramSha256 } from '../../mqtt/connection/authentication/scram-sha-256.js';
import type { ConnectOptions } from '../../mqtt/connection/options/connect-options.js';
import { matchesFilter } from '../../mqtt/protocol/topic.js';
import { DeadLetters } from '../../mqtt/sink/dead-letters/dead-letters.js';
import { MqttSinks } from '../../mqtt/sink/mqtt-sinks.js';
import { MqttSources } from '../../mqtt/source/mqtt-sources.js';
import { Subscription } from '../../mqtt/source/options/subscription.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { Pipeline } from '../../pipeline/pipeline.js';
import type { Stage } from '../../pipeline/stage.js';
import { bridgeMessageFn } from './bridge-message.js';
import type { BridgeSide } from './bridge-side.js';
import type { BridgeOptions } from './parse-bridge-options.js';
import { withLimit } from './with-limit.js';

/** The two ends of a bridge, of which nothing is opened. */
export interface BridgeEnds {
  readonly source: Source<ReceivedMessage>;
  readonly sink: Sink<ReceivedMessage>;
}

/** Throws what the builders refuse. */
export function bridgeEnds(options: BridgeOptions): BridgeEnds {
  // one sink for both sides: a file has one writer
  const onError = bridgeOnError(options);
  return { source: bridgeSource(options, onError), sink: bridgeSink(options, onError) };
}

/** The bridge as a pipeline. Nothing is opened. Throws what the builders refuse. */
export function bridgePipeline(options: BridgeOptions): Pipeline {
  const { source, sink } = bridgeEnds(options);
  const pipeline = Pipeline.create();
  const read = pipeline.readFrom(options.stopAfter === undefined ? source : withLimit(source, options.stopAfter));
  withoutExcluded(read, options.excluded).writeTo(sink);
  return pipeline;
}

function withoutExcluded(read: Stage<ReceivedMessage>, excluded: readonly string[]): Stage<ReceivedMessage> {
  if (excluded.length === 0) return read;
  return read.filter(({ topic }) => !excluded.some((filter) => matchesFilter(filter, topic)));
}

function bridgeOnError(options: BridgeOptions): OnError {
  const { onError, to, clientId } = options;
  if (typeof onError === 'string') return onError;
  if ('file' in onError) return { deadLetter: DeadLetters.file(onError.file) };
  const connectOptionsFn = () => connectOptions(to);
  const { topic } = onError;
  return {
    deadLetter: DeadLetters.topic({ broker: to.url, clientId: `${clientId}-letters`, topic, connectOptionsFn }),
  };
}

function bridgeSource(options: BridgeOptions, onError: OnError): Source<ReceivedMessage> {
  const { from, filters, formerFilters = [], clientId, qos, onSessionLoss, adoptSession } = options;
  const source = MqttSources.builder()
    .clientId(clientId)
    .broker(from.url)
    .subscriptions(...filters.map((filter) => Subscription.of(filter, qos, { retainAsPublished: 'if-supported' })))
    .unsubscribe(...formerFilters)
    .keepSession()
    .onError(onError)
    .onUnknownSession(adoptSession ? 'adopt' : 'fail')
    .connectOptionsFn(() => connectOptions(from))
    .mapToItemFn((_topic, message) => message);
  return (onSessionLoss === undefined ? source : source.onSessionLoss(onSessionLoss)).build();
}

/** Whoever adopts a session at the reading side has lost the directory: what the publishing side had under way is unknown. */
function bridgeSink(options: BridgeOptions, onError: OnError): Sink<ReceivedMessage> {
  const { to, clientId, onSessionLoss, adoptSession } = options;
  const sink = MqttSinks.builder()
    .clientId(clientId)
    .broker(to.url)
    .onError(onError)
    .onUnknownSession(adoptSession ? 'discard' : 'fail')
    .connectOptionsFn(() => connectOptions(to))
    .messageFn(bridgeMessageFn(options));
  return (onSessionLoss === undefined ? sink : sink.onSessionLoss(onSessionLoss)).build();
}

/** How a side is connected to. */
export function connectOptions(side: BridgeSide): ConnectOptions {
  return {
    protocolVersion: side.version,
    keepalive: side.keepAlive,
    followServerReference: side.followServerReference,
    refusalTimeout: side.refusalTimeoutMs,
    ...identity(side),
    ...side.tls,
  };
}

function identity({
  username,
  password,
  auth,
}: BridgeSide): Pick<ConnectOptions, 'username' | 'password' | 'authentication'> {
  const scram = auth === 'scram-sha-256' && username !== undefined && password !== undefined;
  return scram ? { authentication: scramSha256({ username, password }) } : { username, password };
}
