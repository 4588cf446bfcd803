import { isIPv6 } from 'node:net';
import type { ServerAddress } from '../options/mqtt-connection-options.js';

/** The address for errors and events. Without path and query: a signed query is a secret. */
export function formatAddress(address: ServerAddress): string {
  const host = isIPv6(address.host) ? `[${address.host}]` : address.host;
  return `${address.protocol}://${host}:${address.port}`;
}
