import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { TlsSettings } from './mqtt-connection-options.js';

function bytes(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** Our TLS settings as node:tls wants them. The server name (SNI) is the host unless that is an address [RFC 6066]. */
export function tlsOptions(settings: TlsSettings, host: string): ConnectionOptions {
  const servername = settings.servername ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: settings.rejectUnauthorized,
    minVersion: settings.minVersion,
    ...(servername === undefined ? {} : { servername }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca.map(bytes) }),
    ...(settings.cert === undefined ? {} : { cert: bytes(settings.cert) }),
    ...(settings.key === undefined ? {} : { key: bytes(settings.key) }),
    ...(settings.passphrase === undefined ? {} : { passphrase: settings.passphrase }),
    ...(settings.alpnProtocols === undefined ? {} : { ALPNProtocols: [...settings.alpnProtocols] }),
  };
}
