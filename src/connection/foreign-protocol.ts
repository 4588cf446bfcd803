import { MillraceError } from '../errors/millrace-error.js';
import type { ServerAddress } from './connection-options.js';
import { formatAddress } from './format-address.js';

/** TLS record types that a server may begin with: alert and handshake. The next byte is the major version. */
const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;
const HTTP = [0x48, 0x54, 0x54, 0x50];

/** WRONG_PROTOCOL when the first bytes of a server are those of TLS or HTTP; no MQTT packet of a server begins so. */
export function foreignProtocol(first: Uint8Array, address: ServerAddress): MillraceError | undefined {
  if ((first[0] === TLS_ALERT || first[0] === TLS_HANDSHAKE) && first[1] === TLS_MAJOR) {
    return wrong('TLS', 'Use mqtts:// (or wss://) for this port.', address);
  }
  if (HTTP.every((byte, index) => first[index] === byte)) {
    return wrong('HTTP', 'Use ws:// or wss:// if this is the broker’s WebSocket port.', address);
  }
  return undefined;
}

function wrong(name: string, advice: string, address: ServerAddress): MillraceError {
  const server = formatAddress(address);
  return new MillraceError('WRONG_PROTOCOL', `${server} speaks ${name}, not MQTT`, { advice, details: { server } });
}
