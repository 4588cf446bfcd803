import type { Credentials } from '../connect-options.js';
import type { ServerAddress } from '../mqtt-connection-options.js';

/** What a broker URL says. */
export interface ServerUrl {
  /** Where the URL names no port, with the one that its protocol has by default. */
  readonly address: ServerAddress;
  /** From `user:password@`, percent-decoded; undefined when the URL has none. */
  readonly credentials: Credentials | undefined;
  /** The URL names a path (WebSocket only). */
  readonly hasPath: boolean;
}

type Protocol = ServerAddress['protocol'];

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  mqtt: 'mqtt',
  tcp: 'mqtt',
  mqtts: 'mqtts',
  ssl: 'mqtts',
  tls: 'mqtts',
  ws: 'ws',
  wss: 'wss',
};

/** Ports when the URL names none: as registered for MQTT and HTTP. */
export const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

const HELP = 'expected e.g. tcp://localhost:1883, mqtts://host, ws://host/mqtt (mqtt, tcp, mqtts, ssl, tls, ws, wss)';

/**
 * Reads a broker URL. Gives the problem as a sentence when it cannot be read; it never repeats more of the URL than its
 * scheme, because a password may stand anywhere in a URL that is not well formed.
 */
export function parseServerUrl(text: string): ServerUrl | { readonly problem: string } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { problem: `broker is not a URL: ${HELP}` };
  const protocol = Object.hasOwn(PROTOCOLS, scheme) ? PROTOCOLS[scheme] : undefined;
  if (protocol === undefined) return { problem: `broker has the unknown scheme "${scheme}": ${HELP}` };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined && hasBadPort(text)) return { problem: 'broker: the port must be a number from 1 to 65535' };
  if (url === undefined || url.hostname === '') {
    return {
      problem: `broker is not a valid ${scheme}:// URL (percent-encode special characters in user and password)`,
    };
  }
  return read(url, protocol);
}

/** What no URL can have behind its host. Nothing of it is shown: in a URL that is not well formed it may be a part of the password. */
export function hasBadPort(text: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  const port = /^(?:\[[^\]]*\]|[^:[\]]*):([^:]*)$/.exec(authority.slice(authority.lastIndexOf('@') + 1))?.[1];
  return port !== undefined && (!/^\d*$/.test(port) || Number(port) > 65_535);
}

function read(url: URL, protocol: Protocol): ServerUrl | { readonly problem: string } {
  const path = `${url.pathname === '/' ? '' : url.pathname}${url.search}`;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  if (url.hash !== '' || (path !== '' && !isWebSocket)) {
    return { problem: 'broker: only ws:// and wss:// URLs may have a path or query, and none a fragment' };
  }
  const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port);
  if (port === 0) return { problem: 'broker: port 0 is not a port to connect to' };
  try {
    const host = decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1'));
    const address = { protocol, host, port, path: path.startsWith('?') ? `/${path}` : path };
    return { address, credentials: credentialsOf(url), hasPath: path !== '' };
  } catch {
    return { problem: 'broker: user and password are not percent-encoded as they should be' };
  }
}

function credentialsOf(url: URL): Credentials | undefined {
  if (url.username === '' && url.password === '') return undefined;
  return {
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}
