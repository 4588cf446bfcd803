import type { Packet, PacketType, PublishPacket } from '../../../mqtt/protocol/packet.js';

/** A packet that came or was sent. */
export interface PacketEvent {
  readonly way: 'in' | 'out';
  /** The client and its how manieth connection: `reader#2`. */
  readonly link: string;
  readonly packet: Packet;
}

/** The end of a connection. */
export interface EndEvent {
  readonly way: 'end';
  readonly link: string;
  readonly by: 'us' | 'broker';
}

/** All that happened on the connections of a probe, in order: what its verdict is made of. */
export type Trace = readonly (PacketEvent | EndEvent)[];

/** A message as it came or went. */
export interface TracedMessage {
  readonly text: string;
  readonly id: number;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  readonly retain: boolean;
}

type Of<T extends PacketType> = Extract<Packet, { readonly type: T }>;

const isOf = <T extends PacketType>(packet: Packet, type: T): packet is Of<T> => packet.type === type;

/** The packets of a type, in order. */
export const packetsOf = <T extends PacketType>(
  trace: Trace,
  way: 'in' | 'out',
  link: string,
  type: T,
): readonly Of<T>[] =>
  trace.flatMap((event) =>
    event.way === way && event.link === link && isOf(event.packet, type) ? [event.packet] : [],
  );

/** The messages that came on a connection, in order. */
export const messagesOn = (trace: Trace, link: string): readonly TracedMessage[] =>
  packetsOf(trace, 'in', link, 'publish').map(messageOf);

/** Their texts. */
export const textsOn = (trace: Trace, link: string): readonly string[] =>
  messagesOn(trace, link).map(({ text }) => text);

/** The broker went on with a session; undefined: it did not come to a CONNACK. */
export const sessionPresent = (trace: Trace, link: string): boolean | undefined =>
  packetsOf(trace, 'in', link, 'connack')[0]?.sessionPresent;

/** An answer with this packet id came on a connection. */
export const hasAnswer = (
  trace: Trace,
  link: string,
  type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  id: number,
): boolean => packetsOf(trace, 'in', link, type).some(({ packetId }) => packetId === id);

/** The broker ended it. */
export const endedByBroker = (trace: Trace, link: string): boolean =>
  trace.some((event) => event.way === 'end' && event.link === link && event.by === 'broker');

const messageOf = ({ payload, packetId: id, qos, dup, retain }: PublishPacket): TracedMessage => ({
  text: String.fromCharCode(...payload),
  id,
  qos,
  dup,
  retain,
});
