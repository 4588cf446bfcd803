import type { CollectedOptions } from '../options/collect-options.js';
import { readPassword } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';
import type { BrokerAddress } from './broker-address.js';
import type { Side } from './side-options.js';

type Shared = Pick<BrokerAddress, 'username' | 'password'>;

/**
 * Puts the credentials of the options on both sides. A user in a side's URL, or of `--from-username`, is that side's own: `--username` and
 * its password do not reach it. Without `--username` the password of the options belongs to the users without one.
 */
export function withCredentials(
  [from, to]: readonly [BrokerAddress, BrokerAddress],
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): readonly [BrokerAddress, BrokerAddress] {
  const shared = { username: options.value('username'), password: readPassword(options, environment) };
  const own = [withOwn(from, 'from', options, environment), withOwn(to, 'to', options, environment)] as const;
  const sides = [withShared(own[0], shared), withShared(own[1], shared)] as const;
  const given = shared.username !== undefined || shared.password !== undefined;
  if (given && sides[0] === own[0] && sides[1] === own[1]) throw unusedCredentials(shared.username !== undefined);
  refuseNobodys(sides[0], from, 'from');
  refuseNobodys(sides[1], to, 'to');
  return sides;
}

/** What is said of one side must not be said a second time by its URL. */
function withOwn(
  address: BrokerAddress,
  side: Side,
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): BrokerAddress {
  const username = options.value(`${side}-username`);
  const password = readPassword(options, environment, `${side}-`);
  if (username !== undefined && address.username !== undefined)
    throw usageError(`--${side}-username: the URL of --${side} names a user already`, `${side}-username`);
  if (password !== undefined && address.password !== undefined)
    throw usageError(`--${side} has a password in its URL already`, side);
  return { ...address, username: username ?? address.username, password: password ?? address.password };
}

function withShared(side: BrokerAddress, { username, password }: Shared): BrokerAddress {
  if (username !== undefined && side.username === undefined)
    return { ...side, username, password: side.password ?? password };
  const isWanted = username === undefined && side.username !== undefined && side.password === undefined;
  return isWanted && password !== undefined ? { ...side, password } : side;
}

/** One in the URL is as it was before there were options for it: MQTT 5 takes a password alone. */
function refuseNobodys({ username, password }: BrokerAddress, given: BrokerAddress, side: Side): void {
  if (password === undefined || username !== undefined || given.password !== undefined) return;
  throw usageError(
    `the password of --${side} belongs to nobody: give --${side}-username, or a user in its URL`,
    `${side}-username`,
  );
}

function unusedCredentials(hasUsername: boolean) {
  return hasUsername
    ? usageError('--username is not used: both sides name a user of their own', 'username')
    : usageError('the password belongs to nobody: give --username, or a user in a URL', 'username');
}
