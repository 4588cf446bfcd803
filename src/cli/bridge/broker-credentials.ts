import type { CollectedOptions } from '../options/collect-options.js';
import { readPassword } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';
import type { BrokerAddress } from './broker-address.js';

/**
 * Puts the credentials of the options on both sides. A user in a side's URL is that side's own: `--username` and its password
 * do not reach it. Without `--username` the password of the options belongs to the users that stand in the URLs without one.
 */
export function withCredentials(
  sides: readonly [BrokerAddress, BrokerAddress],
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): readonly [BrokerAddress, BrokerAddress] {
  const username = options.value('username');
  const password = readPassword(options, environment);
  if (username === undefined && password === undefined) return sides;
  const apply = (side: BrokerAddress): BrokerAddress => {
    if (username !== undefined) return side.username === undefined ? { ...side, username, password } : side;
    return side.username !== undefined && side.password === undefined ? { ...side, password } : side;
  };
  const applied = [apply(sides[0]), apply(sides[1])] as const;
  if (applied[0] === sides[0] && applied[1] === sides[1]) throw unusedCredentials(username !== undefined);
  return applied;
}

function unusedCredentials(hasUsername: boolean) {
  return hasUsername
    ? usageError('--username is not used: both URLs name a user of their own', 'username')
    : usageError('the password belongs to nobody: give --username, or a user in a URL', 'username');
}
