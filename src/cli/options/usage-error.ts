import { MillraceError } from '../../errors/index.js';

/**
 * A wrong command line (exit code 2). The sentence names the option and never repeats a value that may hold a secret: an
 * argument in the wrong place may well be a password.
 */
export function usageError(message: string, option?: string): MillraceError {
  return new MillraceError(
    'INVALID_OPTIONS',
    message,
    option === undefined ? {} : { details: { option: `--${option}` } },
  );
}
