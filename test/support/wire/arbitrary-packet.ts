import type { PropertyCarrier, PropertyRule } from '../../../src/mqtt/protocol/codec/property-rule.js';
import { PROPERTY_RULES } from '../../../src/mqtt/protocol/codec/property-table.js';
import type { Packet, ProtocolVersion, Sender } from '../../../src/mqtt/protocol/index.js';
import { isReasonCodeAllowed } from '../../../src/mqtt/protocol/reason-code.js';
import { type Arbitrary, fc } from '../fast-check.js';

/** A valid packet, with the version and the end that may send it. */
export interface SentPacket {
  readonly packet: Packet;
  readonly version: ProtocolVersion;
  readonly from: Sender;
}

const clean = (text: string): string => text.replaceAll('\0', '');
const level = fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replaceAll(/[#+/]/g, ''));
const levels = fc.array(level, { minLength: 1, maxLength: 4 });
const text = fc.string({ unit: 'binary', maxLength: 40 }).map(clean);
const binary = fc.uint8Array({ maxLength: 40 });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.nat({ max: 9000 }).map((size) => new Uint8Array(size)),
);
const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const packetId = fc.integer({ min: 1, max: 65_535 });
const u16 = fc.integer({ min: 0, max: 65_535 });

/** Any valid topic name. */
export const arbitraryTopic: Arbitrary<string> = levels.map((parts) => parts.join('/') || 'x');

/** Any valid topic filter, shared ones among them. */
export const arbitraryFilter: Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean())
  .map(([parts, all, shared]) => {
    const filter = [...parts, ...(all ? ['#'] : [])].join('/') || '#';
    return shared ? `$share/group/${filter}` : filter === '$share' ? 'x' : filter;
  });

/** Any properties that this end may put into this packet, or undefined when it puts none. */
export function arbitraryProperties(carrier: PropertyCarrier, from: Sender): Arbitrary<object | undefined> {
  const rules = PROPERTY_RULES.filter(
    (rule) => rule.carriers.includes(carrier) && (rule.onlyFrom[carrier] ?? from) === from,
  );
  const members = Object.fromEntries(rules.map((rule) => [rule.name, propertyValue(rule, carrier)]));
  return fc.record(members, { requiredKeys: [] }).map((properties) => {
    const { authenticationData, ...others } = properties;
    const known = 'authenticationMethod' in others || authenticationData === undefined ? properties : others;
    return Object.keys(known).length === 0 ? undefined : known;
  });
}

/** Any valid packet of any version, from either end. */
export const arbitraryPacket: Arbitrary<SentPacket> = fc
  .tuple(fc.constantFrom<ProtocolVersion>(3, 4, 5), fc.constantFrom<Sender>('client', 'server'))
  .chain(([version, from]) => packetOf(version, from).map((packet) => ({ packet, version, from })));

function propertyValue(rule: PropertyRule, carrier: PropertyCarrier): Arbitrary<unknown> {
  const one = singleValue(rule);
  if (rule.repeatableIn.length === 0) return one;
  return fc.array(one, { minLength: 1, maxLength: rule.repeatableIn.includes(carrier) ? 4 : 1 });
}

function singleValue(rule: PropertyRule): Arbitrary<unknown> {
  switch (rule.type) {
    case 'boolean':
      return fc.boolean();
    case 'string':
      return text;
    case 'topic':
      return arbitraryTopic;
    case 'binary':
      return binary;
    case 'pair':
      return fc.tuple(text, text);
    default:
      return fc.oneof(fc.constantFrom(rule.min, rule.max), fc.integer({ min: rule.min, max: rule.max }));
  }
}

/** Adds 5.0 properties to a packet where they are given. */
function withProperties(
  version: ProtocolVersion,
  from: Sender,
  packet: Arbitrary<{ type: string }>,
): Arbitrary<Packet> {
  return packet.chain((bare) =>
    (version === 5 ? arbitraryProperties(bare.type as PropertyCarrier, from) : fc.constant(undefined)).map(
      (properties) => (properties === undefined ? bare : { ...bare, properties }) as Packet,
    ),
  );
}

function codeOf(carrier: Parameters<typeof isReasonCodeAllowed>[0], from: Sender): Arbitrary<number> {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  return fc.constantFrom(...codes.filter((code) => isReasonCodeAllowed(carrier, code, from)));
}

function packetOf(version: ProtocolVersion, from: Sender): Arbitrary<Packet> {
  const both = [publish(), ...acks(version, from)];
  const theirs = from === 'client' ? fromClient(version) : fromServer(version);
  const bare = [...both, ...theirs].map((packet) => withProperties(version, from, packet));
  const empty = fc.constant<Packet>({ type: from === 'client' ? 'pingreq' : 'pingresp' });
  return version === 5 ? fc.oneof(...bare, empty, auth(from)) : fc.oneof(...bare, empty);
}

function publish(): Arbitrary<{ type: string }> {
  return fc
    .record({ topic: arbitraryTopic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), packetId })
    .map((fields) => ({ type: 'publish', ...fields, ...(fields.qos === 0 ? { dup: false, packetId: 0 } : {}) }));
}

function acks(version: ProtocolVersion, from: Sender): Arbitrary<{ type: string }>[] {
  return (['puback', 'pubrec', 'pubrel', 'pubcomp'] as const).map((type) =>
    fc.record({ type: fc.constant(type), packetId, reasonCode: version === 5 ? codeOf(type, from) : fc.constant(0) }),
  );
}

function fromClient(version: ProtocolVersion): Arbitrary<{ type: string }>[] {
  return [connect(version), subscribe(version), unsubscribe(), disconnect(version, 'client')];
}

function fromServer(version: ProtocolVersion): Arbitrary<{ type: string }>[] {
  const granted = version === 5 ? codeOf('suback', 'server') : fc.constantFrom(0, 1, 2, 0x80);
  const removed = version === 5 ? fc.array(codeOf('unsuback', 'server'), { minLength: 1 }) : fc.constant([]);
  return [
    connack(version),
    fc.record({ type: fc.constant('suback'), packetId, reasonCodes: fc.array(granted, { minLength: 1 }) }),
    fc.record({ type: fc.constant('unsuback'), packetId, reasonCodes: removed }),
    ...(version === 5 ? [disconnect(5, 'server')] : []),
  ];
}

function connack(version: ProtocolVersion): Arbitrary<{ type: string }> {
  const reasonCode = version === 5 ? codeOf('connack', 'server') : fc.integer({ min: 0, max: 5 });
  return fc
    .record({ type: fc.constant('connack'), sessionPresent: fc.boolean(), reasonCode })
    .map((packet) => (packet.reasonCode !== 0 || version === 3 ? { ...packet, sessionPresent: false } : packet));
}

function disconnect(version: ProtocolVersion, from: Sender): Arbitrary<{ type: string }> {
  const reasonCode = version === 5 ? codeOf('disconnect', from) : fc.constant(0);
  return fc.record({ type: fc.constant('disconnect'), reasonCode });
}

function auth(from: Sender): Arbitrary<Packet> {
  const properties = arbitraryProperties('auth', from);
  return fc.tuple(codeOf('auth', from), properties, text).map(([reasonCode, others, authenticationMethod]) => ({
    type: 'auth',
    reasonCode,
    properties: { ...others, authenticationMethod },
  }));
}

function connect(version: ProtocolVersion): Arbitrary<{ type: string }> {
  return fc
    .record(
      { clientId: text, clean: fc.boolean(), keepAlive: u16, username: text, password: binary, will: will(version) },
      { requiredKeys: ['clientId', 'clean', 'keepAlive'] },
    )
    .map((fields) => {
      const clientId = fields.clientId === '' && version < 5 ? 'x' : fields.clientId;
      const { password, ...others } = fields;
      const known = version < 5 && fields.username === undefined ? others : fields;
      return { type: 'connect', version, ...known, clientId };
    });
}

function will(version: ProtocolVersion): Arbitrary<object> {
  const properties = version === 5 ? arbitraryProperties('will', 'client') : fc.constant(undefined);
  const fields = fc.record({ topic: arbitraryTopic, payload: binary, qos, retain: fc.boolean() });
  return fc
    .tuple(fields, properties)
    .map(([packet, known]) => (known === undefined ? packet : { ...packet, properties: known }));
}

function subscribe(version: ProtocolVersion): Arbitrary<{ type: string }> {
  const options = fc.record({
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom(0, 1, 2),
  });
  const one = fc.tuple(arbitraryFilter, qos, options).map(([filter, wanted, extra]) => {
    if (version < 5) return { filter, qos: wanted };
    return { filter, qos: wanted, ...extra, ...(filter.startsWith('$share/') ? { noLocal: false } : {}) };
  });
  return fc.record({
    type: fc.constant('subscribe'),
    packetId,
    subscriptions: fc.array(one, { minLength: 1, maxLength: 5 }),
  });
}

function unsubscribe(): Arbitrary<{ type: string }> {
  const filters = fc.array(arbitraryFilter, { minLength: 1, maxLength: 5 });
  return fc.record({ type: fc.constant('unsubscribe'), packetId, filters });
}
