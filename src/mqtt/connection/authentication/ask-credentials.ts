import type { Credentials } from '../options/connect-options.js';
import { askProvider, providerFailed } from './ask-provider.js';

/** Asks the provider who we are. Its exception may hold a secret, so of it only the class and the code are told. */
export async function askCredentials(
  provider: (signal: AbortSignal) => Credentials | Promise<Credentials>,
  signal: AbortSignal,
): Promise<Credentials> {
  return checked(await askProvider('credentials', () => provider(signal), signal));
}

function checked(credentials: Credentials): Credentials {
  const { username, password } = Object(credentials);
  const usernameOk = username === undefined || typeof username === 'string';
  const passwordOk = password === undefined || typeof password === 'string' || password instanceof Uint8Array;
  if (usernameOk && passwordOk) return { username, password };
  throw providerFailed('credentials', 'gave something else than { username?: string, password?: string | Uint8Array }');
}
