import { MillraceError } from '../../../errors/millrace-error.js';
import { deferred } from '../../../internal/deferred.js';

/**
 * Asks a function of the user that knows secrets. Rejects with the signal's reason when that aborts, whatever the function does. Its
 * exception may hold a secret, so of it only the class and the code are told; a MillraceError is its own choice of words.
 */
export async function askProvider<T>(what: string, ask: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([told(what, ask, signal), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The error for a provider that gave or threw what cannot be used. */
export function providerFailed(what: string, did: string, error?: unknown): MillraceError {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? { errorCode: error.code } : {};
  return new MillraceError('USER_FUNCTION_FAILED', `the ${what} provider ${did}`, {
    retryable: error !== undefined,
    advice: 'Catch and log the error inside the provider: its text is not repeated here because it may hold a secret.',
    details: { function: what, ...code },
  });
}

async function told<T>(what: string, ask: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof MillraceError) throw error;
    throw providerFailed(
      what,
      error instanceof Error ? `threw ${error.name}` : 'threw a value that is not an Error',
      error,
    );
  }
}
