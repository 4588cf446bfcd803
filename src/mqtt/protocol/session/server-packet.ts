import { protocolError } from '../codec/refusal.js';
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
import { checkProblemInformation } from './problem-information.js';
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
    case 'publish':
    case 'pingresp':
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
    case 'disconnect':
      if (request.version < 5) throw protocolError('DISCONNECT is not for a client below 5.0');
      return packet;
    case 'connack':
      throw protocolError('a second CONNACK [MQTT-3.2.0-2]');
    default:
      throw protocolError(`${packet.type} is not for a client that did not ask for it`);
  }
}
