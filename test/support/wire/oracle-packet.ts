import { generate, type Packet as OraclePacket, parser } from 'mqtt-packet';
import type { Packet, Properties, ProtocolVersion, UserProperty } from '../../../src/mqtt/protocol/index.js';

/*
 * mqtt-packet as an oracle: our packets to its shape and back. Its shape loses the order of user properties across
 * names, so packets are compared after `comparable`.
 */

type Fields = Record<string, unknown>;

/** What mqtt-packet writes for one of our packets; undefined when it refuses. */
export function oracleEncode(packet: Packet, version: ProtocolVersion): Uint8Array | undefined {
  try {
    return generate(toOracle(packet, version) as unknown as OraclePacket, { protocolVersion: version });
  } catch {
    return undefined;
  }
}

/** What mqtt-packet reads from bytes, in our shape; undefined when it refuses. */
export function oracleDecode(bytes: Uint8Array, version: ProtocolVersion): Packet[] | undefined {
  const packets: Packet[] = [];
  let failed = false;
  try {
    const oracle = parser({ protocolVersion: version });
    oracle.on('packet', (packet: unknown) => packets.push(fromOracle(packet as Fields, version)));
    oracle.on('error', () => {
      failed = true;
    });
    oracle.parse(Buffer.from(bytes));
  } catch {
    failed = true;
  }
  return failed ? undefined : packets;
}

/** A packet in plain values, with user properties in the order of their names. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(comparable);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([key, member]) => {
    return [key, key === 'userProperties' ? [...(member as UserProperty[])].sort() : comparable(member)];
  });
  return Object.fromEntries(members);
}

function toOracle(packet: Packet, version: ProtocolVersion): Fields {
  const { type, properties, ...fields } = { properties: undefined, ...packet } as { type: string } & Fields;
  const common = {
    cmd: type,
    ...(properties === undefined ? {} : { properties: oracleProperties(properties as Properties) }),
  };
  switch (packet.type) {
    case 'connect': {
      const will = packet.will && { ...packet.will, payload: Buffer.from(packet.will.payload) };
      return {
        ...common,
        protocolId: packet.version === 3 ? 'MQIsdp' : 'MQTT',
        protocolVersion: packet.version,
        clean: packet.clean,
        clientId: packet.clientId,
        keepalive: packet.keepAlive,
        username: packet.username,
        password: packet.password && Buffer.from(packet.password),
        will: will?.properties === undefined ? will : { ...will, properties: oracleProperties(will.properties) },
      };
    }
    case 'connack':
      return {
        ...common,
        sessionPresent: packet.sessionPresent,
        [version === 5 ? 'reasonCode' : 'returnCode']: packet.reasonCode,
      };
    case 'publish':
      return { ...common, ...fields, payload: Buffer.from(packet.payload), messageId: packet.packetId };
    case 'subscribe':
      return {
        ...common,
        messageId: packet.packetId,
        subscriptions: packet.subscriptions.map((one) => ({
          topic: one.filter,
          qos: one.qos,
          nl: one.noLocal,
          rap: one.retainAsPublished,
          rh: one.retainHandling,
        })),
      };
    case 'unsubscribe':
      return { ...common, messageId: packet.packetId, unsubscriptions: packet.filters };
    case 'suback':
    case 'unsuback':
      return { ...common, messageId: packet.packetId, granted: packet.reasonCodes };
    case 'pingreq':
    case 'pingresp':
      return common;
    default:
      return { ...common, messageId: fields.packetId, reasonCode: packet.reasonCode };
  }
}

function fromOracle(packet: Fields, version: ProtocolVersion): Packet {
  const properties = packet.properties === undefined ? {} : { properties: ourProperties(packet.properties as Fields) };
  const type = packet.cmd as Packet['type'];
  const packetId = packet.messageId === undefined ? 0 : packet.messageId;
  return { type, ...ourFields(type, { ...packet, packetId }, version), ...properties } as Packet;
}

function ourFields(type: Packet['type'], packet: Fields, version: ProtocolVersion): Fields {
  const { packetId } = packet;
  const reasonCode = packet.reasonCode ?? packet.returnCode ?? 0;
  switch (type) {
    case 'connect':
      return connectFields(packet);
    case 'connack':
      return { sessionPresent: version > 3 && packet.sessionPresent, reasonCode };
    case 'publish': {
      const { topic, payload, qos, retain, dup } = packet;
      return { topic, payload, qos, retain, dup: qos !== 0 && dup, packetId };
    }
    case 'subscribe':
      return {
        packetId,
        subscriptions: (packet.subscriptions as Fields[]).map((one) => subscription(one, version)),
      };
    case 'unsubscribe':
      return { packetId, filters: packet.unsubscriptions };
    case 'suback':
    case 'unsuback':
      return { packetId, reasonCodes: packet.granted ?? [] };
    case 'pingreq':
    case 'pingresp':
      return {};
    case 'disconnect':
    case 'auth':
      return { reasonCode };
    default:
      return { packetId, reasonCode };
  }
}

function connectFields(packet: Fields): Fields {
  const will = packet.will as Fields | undefined;
  const known = will?.properties as Fields | undefined;
  return {
    version: packet.protocolVersion,
    clientId: packet.clientId,
    clean: packet.clean,
    keepAlive: packet.keepalive,
    ...(packet.username === undefined ? {} : { username: packet.username }),
    ...(packet.password === undefined ? {} : { password: packet.password }),
    ...(will === undefined
      ? {}
      : {
          will: {
            topic: will.topic,
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            ...(known === undefined || Object.keys(known).length === 0 ? {} : { properties: ourProperties(known) }),
          },
        }),
  };
}

function subscription(one: Fields, version: ProtocolVersion): Fields {
  const { topic: filter, qos, nl, rap, rh } = one;
  return version < 5 ? { filter, qos } : { filter, qos, noLocal: nl, retainAsPublished: rap, retainHandling: rh };
}

function oracleProperties(properties: Properties): Fields {
  const { subscriptionIdentifiers, userProperties, payloadFormatIndicator, ...same } = properties;
  const binary = { correlationData: same.correlationData, authenticationData: same.authenticationData };
  const buffers = Object.entries(binary).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Buffer.from(value)]],
  );
  return {
    ...same,
    ...Object.fromEntries(buffers),
    ...(subscriptionIdentifiers === undefined ? {} : { subscriptionIdentifier: subscriptionIdentifiers }),
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator: payloadFormatIndicator === 1 }),
    ...(userProperties === undefined ? {} : { userProperties: Object.fromEntries(userProperties) }),
  };
}

function ourProperties(properties: Fields): Fields {
  const { subscriptionIdentifier, userProperties, payloadFormatIndicator, ...same } = properties;
  const pairs = Object.entries((userProperties ?? {}) as Record<string, string | string[]>);
  return {
    ...same,
    ...(subscriptionIdentifier === undefined ? {} : { subscriptionIdentifiers: [subscriptionIdentifier].flat() }),
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator: payloadFormatIndicator ? 1 : 0 }),
    ...(userProperties === undefined
      ? {}
      : { userProperties: pairs.flatMap(([name, value]) => [value].flat().map((one) => [name, one])) }),
  };
}
