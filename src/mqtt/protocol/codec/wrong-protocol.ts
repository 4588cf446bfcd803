import { MillraceError } from '../../../errors/index.js';

const HTTP = [0x48, 0x54, 0x54, 0x50, 0x2f];
const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;

/** Another protocol that the first bytes of a stream speak; `undecided` asks for more bytes. */
export type ForeignProtocol = 'TLS' | 'HTTP' | 'undecided' | undefined;

/**
 * Looks at the first bytes of a stream. None of these beginnings is that of a legal packet: 15 and 16 are a CONNECT
 * with bad flags, 48 a PUBACK with bad flags.
 */
export function foreignProtocol(head: Uint8Array, length: number): ForeignProtocol {
  if (head[0] === TLS_ALERT || head[0] === TLS_HANDSHAKE) {
    if (length < 2) return 'undecided';
    return head[1] === TLS_MAJOR ? 'TLS' : undefined;
  }
  for (let index = 0; index < HTTP.length; index += 1) {
    if (index === length) return 'undecided';
    if (head[index] !== HTTP[index]) return undefined;
  }
  return 'HTTP';
}

/** WRONG_PROTOCOL with what to do about it. */
export function wrongProtocol(protocol: 'TLS' | 'HTTP'): MillraceError {
  const advice =
    protocol === 'TLS'
      ? 'Use a URL with mqtts:// (or wss://), or the port for plain MQTT.'
      : 'Use a URL with ws:// for MQTT over WebSocket, or the port for plain MQTT.';
  return new MillraceError('WRONG_PROTOCOL', `The other end speaks ${protocol}, not MQTT`, { advice });
}
