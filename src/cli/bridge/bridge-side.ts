import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption, countOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { VERSION_CHOICES } from './bridge-options.js';
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
}

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
    keepAlive: parseKeepAlive(options, name),
  });
  return { from: side('from', from), to: side('to', to) };
}

function parseVersion(options: CollectedOptions, side: Side): 5 | 4 | 3 | undefined {
  const version = choiceOption(options, nameFor(options, side, 'mqtt'), VERSION_CHOICES);
  return version === undefined ? undefined : VERSIONS[version];
}

function parseKeepAlive(options: CollectedOptions, side: Side): number | undefined {
  const name = nameFor(options, side, 'keepalive');
  const seconds = countOption(options, name, 0);
  if (seconds === undefined || seconds <= LONGEST_KEEP_ALIVE) return seconds;
  throw usageError(`--${name} must be at most ${LONGEST_KEEP_ALIVE}`, name);
}
