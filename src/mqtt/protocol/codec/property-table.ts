import type { Properties } from '../properties.js';
import type { PropertyCarrier, PropertyRule, PropertyType } from './property-rule.js';
import { MAX_VARIABLE_INTEGER } from './variable-integer.js';

type Extra = Partial<Pick<PropertyRule, 'min' | 'max' | 'rangeCode' | 'repeatableIn' | 'harmless' | 'onlyFrom'>>;
type Row = readonly [
  id: number,
  name: keyof Properties,
  type: PropertyType,
  carriers: readonly PropertyCarrier[],
  Extra?,
];

const MESSAGE = ['publish', 'will'] as const;
const ACKS = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const;
const ALL = ['connect', 'connack', ...MESSAGE, ...ACKS, 'subscribe', 'unsubscribe', 'disconnect', 'auth'] as const;

/** The properties of MQTT 5.0 (table 2-4), with the rules for their values. */
const ROWS: readonly Row[] = [
  [0x01, 'payloadFormatIndicator', 'u8', MESSAGE, { max: 1, harmless: true }],
  [0x02, 'messageExpiryInterval', 'u32', MESSAGE],
  [0x03, 'contentType', 'string', MESSAGE],
  [0x08, 'responseTopic', 'topic', MESSAGE, { harmless: true }],
  [0x09, 'correlationData', 'binary', MESSAGE],
  [
    0x0b,
    'subscriptionIdentifiers',
    'variable-integer',
    ['publish', 'subscribe'],
    { min: 1, repeatableIn: ['publish'], onlyFrom: { publish: 'server' } },
  ],
  [0x11, 'sessionExpiryInterval', 'u32', ['connect', 'connack', 'disconnect'], { onlyFrom: { disconnect: 'client' } }],
  [0x12, 'assignedClientIdentifier', 'string', ['connack']],
  [0x13, 'serverKeepAlive', 'u16', ['connack']],
  [0x15, 'authenticationMethod', 'string', ['connect', 'connack', 'auth']],
  [0x16, 'authenticationData', 'binary', ['connect', 'connack', 'auth']],
  [0x17, 'requestProblemInformation', 'boolean', ['connect']],
  [0x18, 'willDelayInterval', 'u32', ['will']],
  [0x19, 'requestResponseInformation', 'boolean', ['connect']],
  [0x1a, 'responseInformation', 'string', ['connack']],
  [0x1c, 'serverReference', 'string', ['connack', 'disconnect'], { onlyFrom: { disconnect: 'server' } }],
  [0x1f, 'reasonString', 'string', ['connack', ...ACKS, 'disconnect', 'auth']],
  [0x21, 'receiveMaximum', 'u16', ['connect', 'connack'], { min: 1 }],
  [0x22, 'topicAliasMaximum', 'u16', ['connect', 'connack']],
  [0x23, 'topicAlias', 'u16', ['publish'], { min: 1, rangeCode: 0x94 }],
  [0x24, 'maximumQoS', 'u8', ['connack'], { max: 1 }],
  [0x25, 'retainAvailable', 'boolean', ['connack']],
  [0x26, 'userProperties', 'pair', ALL, { repeatableIn: ALL }],
  [0x27, 'maximumPacketSize', 'u32', ['connect', 'connack'], { min: 1 }],
  [0x28, 'wildcardSubscriptionAvailable', 'boolean', ['connack']],
  [0x29, 'subscriptionIdentifiersAvailable', 'boolean', ['connack']],
  [0x2a, 'sharedSubscriptionAvailable', 'boolean', ['connack']],
];

const LARGEST: Readonly<Record<PropertyType, number>> = {
  boolean: 1,
  u8: 0xff,
  u16: 0xffff,
  u32: 0xffff_ffff,
  'variable-integer': MAX_VARIABLE_INTEGER,
  string: 0,
  topic: 0,
  binary: 0,
  pair: 0,
};

/** One rule for each property; the only source of what decoding and encoding accept. */
export const PROPERTY_RULES: readonly PropertyRule[] = ROWS.map(([id, name, type, carriers, extra]) => ({
  id,
  name,
  type,
  carriers,
  min: 0,
  max: LARGEST[type],
  rangeCode: 0x82,
  repeatableIn: [],
  harmless: false,
  onlyFrom: {},
  ...extra,
}));
