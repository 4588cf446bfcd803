import type { Will } from '../../protocol/packet.js';
import type { Properties } from '../../protocol/properties.js';
import { topicNameProblem } from '../../protocol/topic.js';
import type { WillOptions } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';
import { resolveUserProperties } from './user-properties.js';

type WillProperties = NonNullable<WillOptions['properties']>;

/** All of them: the compiler misses a new one. */
const KNOWN: Readonly<Record<keyof WillOptions, true>> = {
  topic: true,
  payload: true,
  qos: true,
  retain: true,
  properties: true,
};
const KNOWN_PROPERTIES: Readonly<Record<keyof WillProperties, true>> = {
  willDelayInterval: true,
  payloadFormatIndicator: true,
  messageExpiryInterval: true,
  contentType: true,
  responseTopic: true,
  correlationData: true,
  userProperties: true,
};

/** The will as it goes into CONNECT. No problem repeats a text or bytes of it: they may be a secret. */
export function resolveWill(
  will: WillOptions | undefined,
  version: 5 | 4 | 3 | undefined,
  problems: OptionProblems,
): Will | undefined {
  if (will === undefined || !problems.record('will', will, KNOWN)) return undefined;
  topic('will.topic', will.topic, problems);
  if (version !== undefined && version < 5 && will.properties !== undefined) {
    problems.add('will.properties is for protocolVersion 5 only');
  }
  const properties = willProperties(will, problems);
  return {
    topic: will.topic,
    payload: payloadOf(will, problems) ?? new Uint8Array(),
    qos: qosOf(will.qos, problems),
    retain: problems.flag('will.retain', will.retain, false),
    ...(properties === undefined ? {} : { properties }),
  };
}

function topic(name: string, value: string, problems: OptionProblems): string {
  const problem = typeof value === 'string' ? topicNameProblem(value) : 'it must be a string';
  if (problem !== undefined) problems.add(`${name}: ${problem}`);
  return value;
}

/** A binary field with a two-byte length [MQTT-3.1.3.4]. */
function payloadOf({ payload }: WillOptions, problems: OptionProblems): Uint8Array | undefined {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  return problems.bytes('will.payload', bytes, 'a string or a Uint8Array');
}

function qosOf(qos: WillOptions['qos'], problems: OptionProblems): 0 | 1 | 2 {
  const value = problems.integer('will.qos', qos, { min: 0, max: 2, fallback: 0 });
  return value === 1 || value === 2 ? value : 0;
}

function willProperties({ properties: given }: WillOptions, problems: OptionProblems): Properties | undefined {
  const name = 'will.properties';
  if (given === undefined || !problems.record(name, given, KNOWN_PROPERTIES)) return undefined;
  const range = { min: 0, max: 0xffff_ffff, fallback: 0 };
  const properties: Properties = {};
  const { willDelayInterval, payloadFormatIndicator, messageExpiryInterval, responseTopic } = given;
  if (willDelayInterval !== undefined)
    properties.willDelayInterval = problems.integer(`${name}.willDelayInterval`, willDelayInterval, range);
  if (messageExpiryInterval !== undefined)
    properties.messageExpiryInterval = problems.integer(`${name}.messageExpiryInterval`, messageExpiryInterval, range);
  if (payloadFormatIndicator !== undefined) {
    const isText = problems.flag(`${name}.payloadFormatIndicator`, payloadFormatIndicator, false);
    properties.payloadFormatIndicator = isText ? 1 : 0;
  }
  const contentType = problems.text(`${name}.contentType`, given.contentType);
  if (contentType !== undefined) properties.contentType = contentType;
  if (responseTopic !== undefined) properties.responseTopic = topic(`${name}.responseTopic`, responseTopic, problems);
  const correlationData = problems.bytes(`${name}.correlationData`, given.correlationData);
  if (correlationData !== undefined) properties.correlationData = correlationData;
  const userProperties = resolveUserProperties(`${name}.userProperties`, given.userProperties, problems);
  if (userProperties !== undefined) properties.userProperties = userProperties;
  return properties;
}
