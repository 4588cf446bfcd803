import { AUTH_CHOICES, DEFAULT_CONNECT_SECONDS } from '../bridge/bridge-options.js';
import { type BridgeSide, parseKeepAlive } from '../bridge/bridge-side.js';
import { type BrokerAddress, parseBrokerAddress } from '../bridge/broker-address.js';
import { readTls, TLS_NAMES } from '../bridge/tls-files.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption, countOption, secondsOption } from '../options/option-values.js';
import { readPassword } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';

/** What other clients write after `-V`, too. */
const VERSIONS: Readonly<Record<string, 5 | 4 | 3>> = {
  '5': 5,
  '4': 4,
  '3': 3,
  '311': 4,
  '31': 3,
  mqttv5: 5,
  mqttv311: 4,
  mqttv31: 3,
};
const HIGHEST_PORT = 65_535;

/** The broker of `--url`, or of `--host` and `--port`. Throws INVALID_OPTIONS. */
export function parseClientBroker(options: CollectedOptions, environment: NodeJS.ProcessEnv): BridgeSide {
  const url = options.value('url');
  const [host, port] = [options.value('host'), countOption(options, 'port', 1)];
  if (url === undefined) return parseBroker(urlOf(options, host, port), '--url', options, environment);
  const other = host !== undefined ? 'host' : port !== undefined ? 'port' : undefined;
  if (other !== undefined) throw usageError(`--url and --${other} exclude each other`, other);
  return parseBroker(url, '--url', options, environment);
}

function urlOf(options: CollectedOptions, host = 'localhost', port: number | undefined = undefined): string {
  if (!/^[\w.:-]+$/.test(host))
    throw usageError('--host must be a name or an address; a URL is given by --url', 'host');
  if (port !== undefined && port > HIGHEST_PORT) throw usageError(`--port must be at most ${HIGHEST_PORT}`, 'port');
  const scheme = TLS_NAMES.some((name) => options.list(name).length > 0) ? 'mqtts' : 'mqtt';
  const place = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${place}:${port ?? (scheme === 'mqtts' ? 8883 : 1883)}`;
}

/** Where it is, who we are there, and how it is spoken to. Throws INVALID_OPTIONS. @param said what errors call the URL */
export function parseBroker(
  url: string,
  said: string,
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): BridgeSide {
  const address = withOwnCredentials(parseBrokerAddress(url, 'url', said), said, options, environment);
  refuseTopic(address, said);
  const tls = TLS_NAMES.find((one) => options.list(one).length > 0);
  if (tls !== undefined && !address.secure) throw usageError(`--${tls} needs an mqtts or wss URL`, tls);
  const auth = choiceOption(options, 'auth', AUTH_CHOICES) ?? 'password';
  const version = parseVersion(options);
  if (auth === 'scram-sha-256' && (address.username === undefined || address.password === undefined))
    throw usageError(`--auth ${auth} needs a user and a password`, 'auth');
  if (auth === 'scram-sha-256' && (version ?? 5) < 5) throw usageError(`--auth ${auth} needs --mqtt 5`, 'auth');
  return {
    ...address,
    tls: readTls(options, 'from', address, environment),
    version,
    keepAlive: parseKeepAlive(options, 'keepalive'),
    followServerReference: false,
    auth,
    refusalTimeoutMs: undefined,
  };
}

/** Milliseconds; 0: for ever. */
export const parseConnectTimeout = (options: CollectedOptions): number =>
  secondsOption(options, 'connect-timeout') ?? DEFAULT_CONNECT_SECONDS * 1000;

function withOwnCredentials(
  address: BrokerAddress,
  said: string,
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): BrokerAddress {
  const username = options.value('username');
  const password = readPassword(options, environment);
  if (username !== undefined && address.username !== undefined)
    throw usageError(`--username: ${said} names a user already`, 'username');
  if (password !== undefined && address.password !== undefined)
    throw usageError(`${said} has a password already`, 'url');
  const own = { username: username ?? address.username, password: password ?? address.password };
  if (password !== undefined && own.username === undefined)
    throw usageError('the password belongs to nobody: give --username, or a user in the URL', 'username');
  return { ...address, ...own };
}

/** Other clients read a topic there; a WebSocket has a path. */
function refuseTopic({ url }: BrokerAddress, said: string): void {
  const { protocol, pathname } = new URL(url);
  if (protocol.startsWith('ws') || pathname === '' || pathname === '/') return;
  throw usageError(`${said}: a topic does not belong into the URL of a broker`, 'url');
}

function parseVersion(options: CollectedOptions): 5 | 4 | 3 | undefined {
  const text = options.value('mqtt');
  if (text === undefined) return undefined;
  const version = Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined;
  if (version === undefined) throw usageError('--mqtt must be 5, 4 (3.1.1) or 3 (3.1)', 'mqtt');
  return version;
}
