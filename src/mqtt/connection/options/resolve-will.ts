import type { Will } from '../../protocol/packet.js';
import type { Properties, UserProperty } from '../../protocol/properties.js';
import { topicNameProblem } from '../../protocol/topic.js';
import type { UserProperties, WillOptions } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';

/** A will's payload is a binary field with a two-byte length [MQTT-3.1.3.4]. */
const MAX_WILL_BYTES = 65_535;

/** Both shapes as pairs. */
export function userPropertyPairs(properties: UserProperties): readonly UserProperty[] {
  if (isPairs(properties)) return properties;
  return Object.entries(properties).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : value.map((one) => [name, one] as const),
  );
}

function isPairs(properties: UserProperties): properties is readonly UserProperty[] {
  return Array.isArray(properties);
}

/** The will as it goes into CONNECT. */
export function resolveWill(
  will: WillOptions | undefined,
  version: 5 | 4 | 3 | undefined,
  problems: OptionProblems,
): Will | undefined {
  if (will === undefined) return undefined;
  const payload = typeof will.payload === 'string' ? new TextEncoder().encode(will.payload) : will.payload;
  if (payload !== undefined && payload.length > MAX_WILL_BYTES) problems.add('will.payload is longer than 65535 bytes');
  const problem = typeof will.topic === 'string' ? topicNameProblem(will.topic) : 'it must be a string';
  if (problem !== undefined) problems.add(`will.topic: ${problem}`);
  if (version !== undefined && version < 5 && will.properties !== undefined) {
    problems.add('will.properties is for protocolVersion 5 only');
  }
  const properties = willProperties(will, problems);
  return {
    topic: will.topic,
    payload: payload ?? new Uint8Array(),
    qos: qosOf(will.qos, problems),
    retain: problems.flag('will.retain', will.retain, false),
    ...(properties === undefined ? {} : { properties }),
  };
}

function qosOf(qos: WillOptions['qos'], problems: OptionProblems): 0 | 1 | 2 {
  const value = problems.integer('will.qos', qos, { min: 0, max: 2, fallback: 0 });
  return value === 1 || value === 2 ? value : 0;
}

function willProperties({ properties: given }: WillOptions, problems: OptionProblems): Properties | undefined {
  if (given === undefined) return undefined;
  const range = { min: 0, max: 0xffff_ffff, fallback: 0 };
  const properties: Properties = {};
  if (given.willDelayInterval !== undefined) {
    properties.willDelayInterval = problems.integer(
      'will.properties.willDelayInterval',
      given.willDelayInterval,
      range,
    );
  }
  if (given.messageExpiryInterval !== undefined) {
    const name = 'will.properties.messageExpiryInterval';
    properties.messageExpiryInterval = problems.integer(name, given.messageExpiryInterval, range);
  }
  if (given.payloadFormatIndicator !== undefined)
    properties.payloadFormatIndicator = given.payloadFormatIndicator ? 1 : 0;
  if (given.contentType !== undefined) properties.contentType = given.contentType;
  if (given.responseTopic !== undefined) properties.responseTopic = given.responseTopic;
  if (given.correlationData !== undefined) properties.correlationData = given.correlationData;
  if (given.userProperties !== undefined) properties.userProperties = userPropertyPairs(given.userProperties);
  return properties;
}
