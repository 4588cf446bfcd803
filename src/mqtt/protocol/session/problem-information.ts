import { protocolError } from '../codec/refusal.js';
import type { AckPacket, AuthPacket, SubackPacket, UnsubackPacket } from '../packet.js';
import type { ConnectRequest } from './session-options.js';

/** Throws PROTOCOL_ERROR when the server explains itself although it was asked not to [MQTT-3.1.2-29]. */
export function checkProblemInformation(
  packet: AckPacket | AuthPacket | SubackPacket | UnsubackPacket,
  { requestProblemInformation }: ConnectRequest,
): void {
  if (packet.properties === undefined || requestProblemInformation !== false) return;
  const { reasonString, userProperties } = packet.properties;
  if (reasonString !== undefined || userProperties !== undefined) {
    throw protocolError(`${packet.type} with problem information that was not asked for [MQTT-3.1.2-29]`);
  }
}
