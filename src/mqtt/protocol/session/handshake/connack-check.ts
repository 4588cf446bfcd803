import { protocolError } from '../../codec/protocol-error.js';
import type { ConnackPacket } from '../../packet.js';
import type { ConnectRequest } from '../session-options.js';

/** What is known of the CONNECT besides its request. */
export interface ConnackTerms {
  /** The one that was sent. */
  readonly clientId: string;
  /** Answers to what nobody asked are nobody's harm: they are ignored. */
  readonly tolerant: boolean;
}

/** Throws PROTOCOL_ERROR for a CONNACK that accepts what the CONNECT did not ask for. */
export function checkConnack(
  { sessionPresent, properties }: ConnackPacket,
  { clean, requestResponseInformation }: ConnectRequest,
  { clientId, tolerant }: ConnackTerms,
): void {
  if (sessionPresent && clean) throw protocolError('a session after a clean start [MQTT-3.2.2-4]');
  if (tolerant) return;
  if (properties?.responseInformation !== undefined && requestResponseInformation !== true) {
    throw protocolError('response information that was not asked for [MQTT-3.1.2-28]');
  }
  if (properties?.assignedClientIdentifier !== undefined && clientId !== '') {
    throw protocolError('a client id was assigned to a client that has one [MQTT-3.2.2-16]');
  }
}
