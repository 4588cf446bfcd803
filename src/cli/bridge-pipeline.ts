import type { ConnectOptions } from '../connection/connect-options.js';
import type { Sink } from '../connector/open-sink.js';
import type { SourceDefinition } from '../connector/source.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { MqttSinks } from '../sink/mqtt-sinks.js';
import { MqttSources } from '../source/mqtt-sources.js';
import type { ReceivedMessage } from '../source/received-message.js';
import { Subscription } from '../source/subscription.js';
import { bridgeMessageFn } from './bridge-message.js';
import type { BrokerAddress } from './broker-address.js';
import type { BridgeOptions } from './parse-bridge-options.js';
import { withLimit } from './with-limit.js';

/** A broker leaves out a message that is larger without a word, so this is far above what brokers are made for. Bytes. */
const MAXIMUM_PACKET_SIZE = 16 * 1024 * 1024;

/** The bridge as a pipeline. Nothing is opened. Throws what the builders refuse. */
export function bridgePipeline(options: BridgeOptions): Pipeline {
  const source = bridgeSource(options);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(options.stopAfter === undefined ? source : withLimit(source, options.stopAfter))
    .writeTo(bridgeSink(options));
  return pipeline;
}

function bridgeSource(options: BridgeOptions): SourceDefinition<ReceivedMessage> {
  const { from, filters, clientId, qos } = options;
  return MqttSources.builder()
    .clientId(clientId)
    .broker(from.url)
    .subscriptions(...filters.map((filter) => Subscription.of(filter, qos, { retainAsPublished: 'if-supported' })))
    .keepSession()
    .connectOptionsFn(() => ({
      ...connectOptions(from, options),
      properties: { maximumPacketSize: MAXIMUM_PACKET_SIZE },
    }))
    .mapToItemFn((_topic, message) => message)
    .build();
}

function bridgeSink(options: BridgeOptions): Sink<ReceivedMessage> {
  const { to, clientId } = options;
  return MqttSinks.builder()
    .clientId(clientId)
    .broker(to.url)
    .connectOptionsFn(() => connectOptions(to, options))
    .messageFn(bridgeMessageFn(options))
    .build();
}

function connectOptions(side: BrokerAddress, { version, tls }: BridgeOptions): ConnectOptions {
  return {
    protocolVersion: version,
    username: side.username,
    password: side.password,
    ...(side.secure ? tls : {}),
  };
}
