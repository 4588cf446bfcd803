import { MillraceError } from '../errors/millrace-error.js';
import { deferred } from '../internal/deferred.js';
import type { Credentials } from './connect-options.js';

/** Asks the provider who we are. Its exception may hold a secret, so of it only the class and the code are told. */
export async function askCredentials(
  provider: (signal: AbortSignal) => Credentials | Promise<Credentials>,
  signal: AbortSignal,
): Promise<Credentials> {
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return checked(await Promise.race([ask(provider, signal), aborted.promise]));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function ask(
  provider: (signal: AbortSignal) => Credentials | Promise<Credentials>,
  signal: AbortSignal,
): Promise<Credentials> {
  try {
    return await provider(signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failed(error instanceof Error ? `threw ${error.name}` : 'threw a value that is not an Error', error);
  }
}

function checked(credentials: Credentials): Credentials {
  const { username, password } = Object(credentials);
  const usernameOk = username === undefined || typeof username === 'string';
  const passwordOk = password === undefined || typeof password === 'string' || password instanceof Uint8Array;
  if (usernameOk && passwordOk) return { username, password };
  throw failed('gave something else than { username?: string, password?: string | Uint8Array }', undefined);
}

function failed(what: string, error: unknown): MillraceError {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? { errorCode: error.code } : {};
  return new MillraceError('USER_FUNCTION_FAILED', `the credentials provider ${what}`, {
    advice: 'Catch and log the error inside the provider: its text is not repeated here because it may hold a secret.',
    details: { function: 'credentials', ...code },
  });
}
