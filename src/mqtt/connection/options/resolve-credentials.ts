import type { ConnectOptions, Credentials } from './connect-options.js';
import type { MqttConnectionOptions } from './mqtt-connection-options.js';
import type { OptionProblems } from './option-problems.js';

/** The places where a user may say who we are. */
export interface CredentialSources {
  /** `user:password@` of the broker URL. */
  readonly url: Credentials | undefined;
  /** `auth()` of a builder. */
  readonly auth: Credentials | undefined;
  /** With `username` and `password`, or with a provider. */
  readonly options: ConnectOptions;
}

function samePassword(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

/** One value from several places, which must not contradict. The values are never shown. */
function only<T>(
  name: string,
  values: readonly (T | undefined)[],
  check: { readonly same: (a: T, b: T) => boolean; readonly problems: OptionProblems },
): T | undefined {
  const [first, ...others] = values.filter((value) => value !== undefined);
  if (first !== undefined && others.some((other) => !check.same(first, other))) {
    check.problems.add(`${name} is given more than once with different values (broker URL, auth, connect options)`);
  }
  return first;
}

/** Who we are: fixed values from one or more places that agree, or a provider and nothing else. */
export function resolveCredentials(
  { url, auth, options }: CredentialSources,
  problems: OptionProblems,
): Pick<MqttConnectionOptions, 'credentials' | 'dynamicCredentials' | 'fixedCredentials'> {
  const places = [url, auth, options];
  const same = (a: string, b: string): boolean => a === b;
  const username = problems.text(
    'username',
    only(
      'username',
      places.map((place) => place?.username),
      { same, problems },
    ),
  );
  const password = only(
    'password',
    places.map((place) => place?.password),
    { same: samePassword, problems },
  );
  if (password !== undefined && username === undefined && options.protocolVersion !== 5) {
    problems.add('password without username is possible with protocolVersion 5 only [MQTT-3.1.2-22]');
  }
  if (options.credentials !== undefined) {
    if (username !== undefined || password !== undefined) {
      problems.add('credentials is a provider: username and password cannot be given beside it');
    }
    return { credentials: options.credentials, dynamicCredentials: true, fixedCredentials: undefined };
  }
  return {
    credentials: () => ({ username, password }),
    dynamicCredentials: options.authentication !== undefined,
    fixedCredentials: { username, password },
  };
}
