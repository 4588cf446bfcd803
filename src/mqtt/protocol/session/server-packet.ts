import { protocolError } from '../codec/protocol-error.js';
import type {
  AckPacket,
  AuthPacket,
  DisconnectPacket,
  Packet,
  PingrespPacket,
  PublishPacket,
  SubackPacket,
  UnsubackPacket,
} from '../packet.js';
import type { ConnectRequest } from './session-options.js';

/** What a server may send on a connection that it has accepted. */
export type ServerPacket =
  | PublishPacket
  | AckPacket
  | SubackPacket
  | UnsubackPacket
  | PingrespPacket
  | AuthPacket
  | DisconnectPacket;

/** The packet, when a server may send it after its CONNACK to a client that asked for this. Throws PROTOCOL_ERROR otherwise. */
export function serverPacket(packet: Packet, request: ConnectRequest): ServerPacket {
  switch (packet.type) {
    // a PUBLISH may always explain itself
    case 'publish':
    case 'pingresp':
    // below 5.0 only a tolerant decoder gives it
    case 'disconnect':
      return packet;
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'suback':
    case 'unsuback':
    case 'auth':
      if (packet.properties !== undefined) checkProblemInformation(packet, request);
      return packet;
    case 'connack':
      throw protocolError('a second CONNACK [MQTT-3.2.0-2]');
    default:
      throw protocolError(`${packet.type} is not for a client that did not ask for it`);
  }
}

/** Throws PROTOCOL_ERROR when the server explains itself although it was asked not to [MQTT-3.1.2-29]. */
function checkProblemInformation(
  packet: AckPacket | AuthPacket | SubackPacket | UnsubackPacket,
  { requestProblemInformation }: ConnectRequest,
): void {
  if (packet.properties === undefined || requestProblemInformation !== false) return;
  const { reasonString, userProperties } = packet.properties;
  if (reasonString !== undefined || userProperties !== undefined) {
    throw protocolError(`${packet.type} with problem information that was not asked for [MQTT-3.1.2-29]`);
  }
}
