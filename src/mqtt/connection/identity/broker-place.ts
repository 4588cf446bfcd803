import { isIP, isIPv4 } from 'node:net';
import type { ServerAddress } from '../options/mqtt-connection-options.js';

type Place = Pick<ServerAddress, 'host' | 'port'>;

/** This machine, by whichever name a broker on it is usually reached. Other addresses of 127.0.0.0/8 may have listeners of their own. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]', '[::ffff:7f00:1]'];

/**
 * The one form in which brokers are compared: host and port, however the host is written (`LOCALHOST`, `localhost.`, `127.0.0.1`, `[::1]`
 * are one). Scheme and path are left out: TCP and WebSocket on one port lead to one broker, as far as anybody can tell. Two names in DNS
 * of one broker stay two.
 */
export const brokerPlace = ({ host, port }: Place): string => {
  const name = canonicalHost(host);
  return `${LOOPBACK.includes(name) ? 'localhost' : name}:${port}`;
};

/** Whether what is sent there leaves no machine. */
export const isLoopback = ({ host }: Pick<Place, 'host'>): boolean => {
  const name = canonicalHost(host);
  return LOOPBACK.includes(name) || name.endsWith('.localhost') || (isIPv4(name) && name.startsWith('127.'));
};

/** Lower case, IDNs as in DNS, addresses in their shortest form: as the URL of a web page has it. IPv6 in brackets. */
const canonicalHost = (host: string): string => {
  const url = `http://${isIP(host) === 6 ? `[${host}]` : host}`;
  const name = URL.canParse(url) ? new URL(url).hostname : host.toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
};
