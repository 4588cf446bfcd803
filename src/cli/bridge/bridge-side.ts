import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption, countOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { AUTH_CHOICES, VERSION_CHOICES } from './bridge-options.js';
import type { BrokerAddress } from './broker-address.js';
import { withCredentials } from './broker-credentials.js';
import { nameFor, type Side } from './side-options.js';
import { readTls, refuseUnusedTls, type SideTls } from './tls-files.js';

/** One end of a bridge: where it is, who we are there, and how it is spoken to. */
export interface BridgeSide extends BrokerAddress {
  readonly tls: SideTls;
  /** undefined: the newest that the broker takes. */
  readonly version: 5 | 4 | 3 | undefined;
  /** Seconds; undefined: the default of connections. */
  readonly keepAlive: number | undefined;
  /** Goes where this broker sends us (5.0). */
  readonly followServerReference: boolean;
  /** How user and password are used, where there are both. */
  readonly auth: AuthChoice;
  /** How long it may refuse us after it had accepted us; undefined: for ever. */
  readonly refusalTimeoutMs: number | undefined;
}

export type AuthChoice = (typeof AUTH_CHOICES)[number];

const VERSIONS = { '5': 5, '4': 4, '3': 3 } as const;
const LONGEST_KEEP_ALIVE = 65_535;

/** Both ends, of addresses that are read already. Throws INVALID_OPTIONS. */
export function parseSides(
  options: CollectedOptions,
  addresses: readonly [BrokerAddress, BrokerAddress],
  environment: NodeJS.ProcessEnv,
): { readonly from: BridgeSide; readonly to: BridgeSide } {
  const [from, to] = withCredentials(addresses, options, environment);
  refuseUnusedTls(options, from, to);
  const side = (name: Side, address: BrokerAddress): BridgeSide => ({
    ...address,
    tls: readTls(options, name, address, environment),
    version: parseVersion(options, name),
    keepAlive: parseKeepAlive(options, nameFor(options, name, 'keepalive')),
    followServerReference: options.flag('follow-server-reference'),
    auth: choiceOption(options, 'auth', AUTH_CHOICES) ?? 'password',
    refusalTimeoutMs: secondsOption(options, 'refusal-timeout'),
  });
  const sides = { from: side('from', from), to: side('to', to) };
  refuseAuth([sides.from, sides.to]);
  return sides;
}

/** SCRAM proves a password that nobody gave, or by packets that 3.x has not: said before anything starts. */
function refuseAuth(sides: readonly BridgeSide[]): void {
  const auth = sides[0]?.auth;
  if (auth !== 'scram-sha-256') return;
  const proving = sides.filter(({ username, password }) => username !== undefined && password !== undefined);
  if (proving.length === 0) {
    throw usageError(`--auth ${auth} needs a user and a password on at least one side`, 'auth');
  }
  if (proving.some(({ version = 5 }) => version < 5)) throw usageError(`--auth ${auth} needs --mqtt 5`, 'auth');
}

function parseVersion(options: CollectedOptions, side: Side): 5 | 4 | 3 | undefined {
  const version = choiceOption(options, nameFor(options, side, 'mqtt'), VERSION_CHOICES);
  return version === undefined ? undefined : VERSIONS[version];
}

/** Seconds, as the option of this name says; undefined without it. */
export function parseKeepAlive(options: CollectedOptions, name: string): number | undefined {
  const seconds = countOption(options, name, 0);
  if (seconds === undefined || seconds <= LONGEST_KEEP_ALIVE) return seconds;
  throw usageError(`--${name} must be at most ${LONGEST_KEEP_ALIVE}`, name);
}
