import type { Will } from '../../protocol/packet.js';
import type { Properties } from '../../protocol/properties.js';
import { topicNameProblem } from '../../protocol/topic.js';
import type { WillOptions } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';
import { resolveUserProperties } from './user-properties.js';

/** The will as it goes into CONNECT. No problem repeats a text or bytes of it: they may be a secret. */
export function resolveWill(
  will: WillOptions | undefined,
  version: 5 | 4 | 3 | undefined,
  problems: OptionProblems,
): Will | undefined {
  if (will === undefined) return undefined;
  topic('will.topic', will.topic, problems);
  if (version !== undefined && version < 5 && will.properties !== undefined) {
    problems.add('will.properties is for protocolVersion 5 only');
  }
  const properties = willProperties(will, problems);
  return {
    topic: will.topic,
    payload: payloadOf(will, problems) ?? new Uint8Array(),
    qos: will.qos ?? 0,
    retain: will.retain ?? false,
    ...(properties === undefined ? {} : { properties }),
  };
}

function topic(name: string, value: string | undefined, problems: OptionProblems): void {
  const problem = value === undefined ? 'it is missing' : topicNameProblem(value);
  if (problem !== undefined) problems.add(`${name}: ${problem}`);
}

/** A binary field with a two-byte length [MQTT-3.1.3.4]. */
function payloadOf({ payload }: WillOptions, problems: OptionProblems): Uint8Array | undefined {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  return problems.bytes('will.payload', bytes);
}

function willProperties({ properties: given }: WillOptions, problems: OptionProblems): Properties | undefined {
  const name = 'will.properties';
  if (given === undefined) return undefined;
  const properties: Properties = {};
  const { willDelayInterval, payloadFormatIndicator, messageExpiryInterval, responseTopic } = given;
  if (willDelayInterval !== undefined) properties.willDelayInterval = willDelayInterval;
  if (messageExpiryInterval !== undefined) properties.messageExpiryInterval = messageExpiryInterval;
  if (payloadFormatIndicator !== undefined) properties.payloadFormatIndicator = payloadFormatIndicator ? 1 : 0;
  const contentType = problems.text(`${name}.contentType`, given.contentType);
  if (contentType !== undefined) properties.contentType = contentType;
  if (responseTopic !== undefined) {
    topic(`${name}.responseTopic`, responseTopic, problems);
    properties.responseTopic = responseTopic;
  }
  const correlationData = problems.bytes(`${name}.correlationData`, given.correlationData);
  if (correlationData !== undefined) properties.correlationData = correlationData;
  const userProperties = resolveUserProperties(`${name}.userProperties`, given.userProperties, problems);
  if (userProperties !== undefined) properties.userProperties = userProperties;
  return properties;
}
