import type { ConnectOptions } from './connect-options.js';
import { TLS_NAMES } from './resolve-tls.js';

/** What is about the broker and the way to it. All else is of one session: its id, its life, its will, its limits. */
const SHARED: ReadonlySet<string> = new Set<keyof ConnectOptions>([
  'protocolVersion',
  'keepalive',
  'username',
  'password',
  'credentials',
  'authentication',
  'connectTimeout',
  'connackTimeout',
  'pingTimeout',
  'writeTimeout',
  'ackTimeout',
  'autoReconnect',
  'reconnectPeriod',
  'maxReconnectPeriod',
  'refusalTimeout',
  'servers',
  'serversShareSessions',
  'followServerReference',
  ...TLS_NAMES,
  'path',
  'wsOptions',
]);

/** The connect options of one connection as far as another one to the same broker needs them, too. */
export function sharedConnectOptions(options: ConnectOptions): ConnectOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => SHARED.has(name)));
}
