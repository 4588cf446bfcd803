import { MillraceError } from '../errors/index.js';
import type { Properties } from '../protocol/properties.js';
import { matchesFilter } from '../protocol/topic.js';
import type { MessageProperties, SinkMessage } from '../sink/sink-message.js';
import type { ReceivedMessage } from '../source/received-message.js';
import type { BridgeOptions } from './parse-bridge-options.js';

/**
 * Makes the message to publish of the message received: payload, QoS, retain flag and the publisher's properties stay. What a
 * broker adds for one subscriber (topic alias, subscription identifiers) does not travel on.
 */
export function bridgeMessageFn(options: BridgeOptions): (message: ReceivedMessage) => SinkMessage {
  const { template, filters } = options;
  const loops = isSameBroker(options) ? filters : [];
  return (message) => {
    const topic = template.fill(message.topic);
    if (loops.length > 0) refuseLoop(topic, loops);
    return {
      topic,
      payload: message.payload,
      qos: message.qos,
      retain: message.retain,
      properties: publisherProperties(message.properties),
    };
  };
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

/** By host and port as written: two names of one broker are not recognized. */
function isSameBroker({ from, to }: BridgeOptions): boolean {
  const place = (url: string) => new URL(url.replace(/^(mqtt|tcp):/, 'mqtt:').replace(/^(mqtts|ssl):/, 'mqtts:')).host;
  return place(from.url) === place(to.url);
}

function refuseLoop(topic: string, filters: readonly string[]): void {
  const filter = filters.find((candidate) => matchesFilter(candidate, topic));
  if (filter === undefined) return;
  throw new MillraceError(
    'INVALID_TOPIC',
    `the bridge would read its own message again: '${topic}' matches --topic '${filter}'`,
    {
      advice: 'On one broker --to-topic must lead out of every --topic.',
      details: { topic, filter },
    },
  );
}
