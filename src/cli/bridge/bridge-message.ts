import type { Properties } from '../../mqtt/protocol/properties.js';
import type { MessageProperties, SinkMessage } from '../../mqtt/sink/message/sink-message.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { loopsOf, refuseLoop } from './loop-guard.js';
import type { BridgeOptions } from './parse-bridge-options.js';

/**
 * Makes the message to publish of the message received: payload, QoS, retain flag and the publisher's properties stay. What a
 * broker adds for one subscriber (topic alias, subscription identifiers) does not travel on.
 */
export function bridgeMessageFn(options: BridgeOptions): (message: ReceivedMessage) => SinkMessage {
  const { template, guarantee, retain } = options;
  const refuse = options.refuseLoop ?? ownLoopGuard(options);
  return (message) => {
    const topic = template.fill(message.topic);
    refuse?.(topic);
    return {
      topic,
      payload: message.payload,
      // the outbox sends once what came, also what its publisher sent at a lower QoS
      qos: guarantee === 'exactly-once' ? 2 : message.qos,
      retain: retain && message.retain,
      properties: publisherProperties(message.properties),
      timestampMs: message.receivedAtMs,
    };
  };
}

function ownLoopGuard(options: BridgeOptions): ((topic: string) => void) | undefined {
  const loops = loopsOf(options);
  return loops.filters.length === 0 ? undefined : (topic) => refuseLoop(topic, loops);
}

function publisherProperties(received: Properties): MessageProperties {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData, userProperties } =
    received;
  return {
    payloadFormatIndicator: payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator === 1,
    messageExpiryInterval,
    contentType,
    responseTopic,
    correlationData,
    userProperties,
  };
}
