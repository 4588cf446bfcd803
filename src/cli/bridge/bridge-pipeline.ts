import type { OnError, Sink } from '../../connector/sink.js';
import type { SourceDefinition } from '../../connector/source.js';
import { scramSha256 } from '../../mqtt/connection/authentication/scram-sha-256.js';
import type { ConnectOptions } from '../../mqtt/connection/options/connect-options.js';
import { DeadLetters } from '../../mqtt/sink/dead-letters/dead-letters.js';
import { MqttSinks } from '../../mqtt/sink/mqtt-sinks.js';
import { MqttSources } from '../../mqtt/source/mqtt-sources.js';
import { Subscription } from '../../mqtt/source/options/subscription.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { Pipeline } from '../../pipeline/pipeline.js';
import { bridgeMessageFn } from './bridge-message.js';
import type { BrokerAddress } from './broker-address.js';
import type { BridgeOptions } from './parse-bridge-options.js';
import { withLimit } from './with-limit.js';

/** The bridge as a pipeline. Nothing is opened. Throws what the builders refuse. */
export function bridgePipeline(options: BridgeOptions): Pipeline {
  // one sink for both sides: a file has one writer
  const onError: OnError =
    options.deadLetters === undefined ? 'fail' : { deadLetter: DeadLetters.file(options.deadLetters) };
  const source = bridgeSource(options, onError);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(options.stopAfter === undefined ? source : withLimit(source, options.stopAfter))
    .writeTo(bridgeSink(options, onError));
  return pipeline;
}

function bridgeSource(options: BridgeOptions, onError: OnError): SourceDefinition<ReceivedMessage> {
  const { from, filters, clientId, qos, onSessionLoss, adoptSession } = options;
  const source = MqttSources.builder()
    .clientId(clientId)
    .broker(from.url)
    .subscriptions(...filters.map((filter) => Subscription.of(filter, qos, { retainAsPublished: 'if-supported' })))
    .keepSession()
    .onError(onError)
    .onUnknownSession(adoptSession ? 'adopt' : 'fail')
    .connectOptionsFn(() => connectOptions(from, options))
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
    .connectOptionsFn(() => connectOptions(to, options))
    .messageFn(bridgeMessageFn(options));
  return (onSessionLoss === undefined ? sink : sink.onSessionLoss(onSessionLoss)).build();
}

function connectOptions(side: BrokerAddress, options: BridgeOptions): ConnectOptions {
  const { version, followServerReference, refusalTimeoutMs, auth, tls } = options;
  return {
    protocolVersion: version,
    followServerReference,
    refusalTimeout: refusalTimeoutMs,
    ...identity(side, auth),
    ...(side.secure ? tls : {}),
  };
}

function identity(
  { username, password }: BrokerAddress,
  auth: BridgeOptions['auth'],
): Pick<ConnectOptions, 'username' | 'password' | 'authentication'> {
  const scram = auth === 'scram-sha-256' && username !== undefined && password !== undefined;
  return scram ? { authentication: scramSha256({ username, password }) } : { username, password };
}
