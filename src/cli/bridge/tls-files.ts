import type { CollectedOptions } from '../options/collect-options.js';
import { readFileOption } from '../options/read-file-option.js';
import { readVariable } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';
import type { BrokerAddress } from './broker-address.js';
import { nameFor, type Side } from './side-options.js';

/** How one side speaks TLS; all undefined where its URL asks for none. */
export interface SideTls {
  /** PEM; undefined: whom Node trusts. */
  readonly ca?: Uint8Array | undefined;
  /** PEM; there with `key` or not at all. */
  readonly cert?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  /** Of the key. */
  readonly passphrase?: string | undefined;
  /** What the certificate must name; undefined: the host. */
  readonly servername?: string | undefined;
  /** undefined: none is offered. */
  readonly ALPNProtocols?: readonly string[] | undefined;
}

export const TLS_NAMES = ['ca', 'cert', 'key', 'passphrase-env', 'servername', 'alpn'] as const;
/** They belong together: a side that says one of them has all from its own. */
const IDENTITY: readonly string[] = ['cert', 'key', 'passphrase-env'];

/** Throws INVALID_OPTIONS where an option is given that no URL has a use for. */
export function refuseUnusedTls(options: CollectedOptions, from: BrokerAddress, to: BrokerAddress): void {
  const isGiven = (name: string) => options.list(name).length > 0;
  const shared = TLS_NAMES.find(isGiven);
  if (shared !== undefined && !from.secure && !to.secure)
    throw usageError(`--${shared} needs an mqtts or wss URL in --from or --to`, shared);
  for (const [side, { secure }] of [
    ['from', from],
    ['to', to],
  ] as const) {
    const own = TLS_NAMES.map((name) => `${side}-${name}`).find(isGiven);
    if (own !== undefined && !secure) throw usageError(`--${own} needs an mqtts or wss URL in --${side}`, own);
  }
}

/** Reads the files and the variable. Throws INVALID_OPTIONS when one is missing, or half of a pair is. */
export function readTls(
  options: CollectedOptions,
  side: Side,
  { secure }: BrokerAddress,
  environment: NodeJS.ProcessEnv,
): SideTls {
  if (!secure) return {};
  const hasOwn = IDENTITY.some((name) => options.list(`${side}-${name}`).length > 0);
  const named = (name: string) =>
    hasOwn && IDENTITY.includes(name) ? `${side}-${name}` : nameFor(options, side, name);
  const [cert, key, passphrase] = [named('cert'), named('key'), named('passphrase-env')];
  requirePair(options, cert, key);
  if (options.value(passphrase) !== undefined && options.value(key) === undefined)
    throw usageError(`--${passphrase} is of --${key}, which is missing`, key);
  return {
    ca: readPem(options, named('ca')),
    cert: readPem(options, cert),
    key: readPem(options, key),
    passphrase: readVariable(options, passphrase, environment),
    servername: options.value(named('servername')),
    ALPNProtocols: protocolsOf(options.list(named('alpn'))),
  };
}

function requirePair(options: CollectedOptions, cert: string, key: string): void {
  const hasCert = options.value(cert) !== undefined;
  if (hasCert === (options.value(key) !== undefined)) return;
  const missing = hasCert ? key : cert;
  throw usageError(`--${cert} and --${key} belong together: --${missing} is missing`, missing);
}

function protocolsOf(given: readonly string[]): readonly string[] | undefined {
  return given.length === 0 ? undefined : given;
}

/** Node takes a file without any certificate for an empty list and then trusts nobody: that is said here instead. */
function readPem(options: CollectedOptions, name: string): Uint8Array | undefined {
  const content = readFileOption(options, name);
  if (content !== undefined && !Buffer.from(content).includes('-----BEGIN ')) {
    throw usageError(`--${name}: ${options.value(name)} is not a PEM file`, name);
  }
  return content;
}
