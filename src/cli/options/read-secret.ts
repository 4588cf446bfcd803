import type { CollectedOptions } from './collect-options.js';
import { readFileOption } from './read-file-option.js';
import { usageError } from './usage-error.js';

/**
 * The password from the environment variable or the file that the options name; undefined without them. One line break at the
 * end of the file belongs to the editor, not to the password. Errors name the place, never the content.
 */
export function readPassword(options: CollectedOptions, environment: NodeJS.ProcessEnv): string | undefined {
  const variable = options.value('password-env');
  if (variable !== undefined && options.value('password-file') !== undefined) {
    throw usageError('--password-env and --password-file exclude each other', 'password-file');
  }
  return variable === undefined ? passwordFromFile(options) : passwordFromEnvironment(variable, environment);
}

function passwordFromEnvironment(variable: string, environment: NodeJS.ProcessEnv): string {
  const password = environment[variable];
  if (password !== undefined && password !== '') return password;
  // A value that is no name of a variable is likely the password itself: it must not be repeated.
  const named = /^[A-Z_][A-Z0-9_]*$/.test(variable)
    ? `the environment variable ${variable}`
    : 'the environment variable';
  throw usageError(`--password-env takes a variable's name, and ${named} is not set`, 'password-env');
}

function passwordFromFile(options: CollectedOptions): string | undefined {
  const bytes = readFileOption(options, 'password-file');
  if (bytes === undefined) return undefined;
  const password = Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '') throw usageError('--password-file: the file is empty', 'password-file');
  return password;
}
