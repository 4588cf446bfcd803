import { brokerPlace } from '../../identity/broker-place.js';
import type { ConnectOptions, Server } from '../connect-options.js';
import type { ServerAddress } from '../mqtt-connection-options.js';
import type { OptionProblems } from '../option-problems.js';
import { DEFAULT_PORTS, parseServerUrl, type ServerUrl } from './parse-server-url.js';

/** Jet's default. */
export const DEFAULT_BROKER = 'tcp://localhost:1883';
const DEFAULT_PATH = '/mqtt';
const FALLBACK: ServerUrl = {
  address: { protocol: 'mqtt', host: 'localhost', port: DEFAULT_PORTS.mqtt, path: '' },
  credentials: undefined,
  hasPath: false,
};

/** Where to connect, and who the URL says we are. */
export interface ResolvedServers {
  /** In the order in which they are tried; with problems they mean nothing. */
  readonly servers: readonly [ServerAddress, ...ServerAddress[]];
  /** Of the broker URL alone: a list has none. */
  readonly credentials: ServerUrl['credentials'];
}

/** Is TLS spoken to it? */
export function isSecure({ protocol }: Pick<ServerAddress, 'protocol'>): boolean {
  return protocol === 'mqtts' || protocol === 'wss';
}

function isWebSocket({ protocol }: Pick<ServerAddress, 'protocol'>): boolean {
  return protocol === 'ws' || protocol === 'wss';
}

/** Broker URL, `servers` and `path` together. `broker` undefined: not said. */
export function resolveServers(
  broker: string | undefined,
  options: ConnectOptions,
  problems: OptionProblems,
): ResolvedServers {
  const url = readUrl(broker, problems);
  if (options.path !== undefined && url.hasPath && options.path !== url.address.path) {
    problems.add('path is given twice: in the broker URL and, another one, as an option');
  }
  if (options.path?.startsWith('/') === false) problems.add('path must begin with "/"');
  const path = url.hasPath ? url.address.path : (options.path ?? DEFAULT_PATH);
  const withPath = (address: ServerAddress): ServerAddress => ({ ...address, path: isWebSocket(address) ? path : '' });
  const [first, ...rest] = (readList(options.servers, url, problems) ?? [url.address]).map(withPath);
  const servers = [first ?? withPath(url.address), ...rest] as const;
  if (broker !== undefined && options.servers !== undefined) checkListed(url.address, servers, problems);
  checkSecurity(broker === undefined || url === FALLBACK ? servers : [url.address, ...servers], problems);
  if (!servers.some(isWebSocket)) {
    if (options.path !== undefined) problems.add('path is for ws:// and wss:// only');
    if (options.wsOptions !== undefined) problems.add('wsOptions is for ws:// and wss:// only');
  }
  return { servers, credentials: url.credentials };
}

function readUrl(broker: string | undefined, problems: OptionProblems): ServerUrl {
  const url = parseServerUrl(broker ?? DEFAULT_BROKER);
  if (!('problem' in url)) return url;
  problems.add(url.problem);
  return FALLBACK;
}

function readList(
  list: readonly Server[] | undefined,
  url: ServerUrl,
  problems: OptionProblems,
): readonly ServerAddress[] | undefined {
  if (list === undefined) return undefined;
  if (list.length === 0) problems.add('servers is empty');
  return list.map(({ host, port, protocol = url.address.protocol }, index) => {
    if (host === undefined || host === '') problems.add(`servers[${index}].host must be a host name or address`);
    if (port === undefined) problems.add(`servers[${index}].port is missing`);
    return { protocol, host, port, path: '' };
  });
}

function checkListed(address: ServerAddress, servers: readonly ServerAddress[], problems: OptionProblems): void {
  if (servers.some((server) => brokerPlace(server) === brokerPlace(address))) return;
  problems.add(
    `the broker URL names ${address.host}:${address.port}, which is not one of servers: put it there, or leave one out`,
  );
}

/** A server that fails would hand the next one, in clear, what was meant for TLS: the password first. */
function checkSecurity(addresses: readonly ServerAddress[], problems: OptionProblems): void {
  const secure = addresses.filter(isSecure).length;
  if (secure === 0 || secure === addresses.length) return;
  problems.add('servers and broker URL mix TLS (mqtts, wss) and plain text (mqtt, ws): all must be secure, or none');
}
