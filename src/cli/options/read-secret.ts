import type { CollectedOptions } from './collect-options.js';
import { readFileOption } from './read-file-option.js';
import { usageError } from './usage-error.js';

/**
 * The password from the environment variable or the file that the options name; undefined without them. One line break at the
 * end of the file belongs to the editor, not to the password. Errors name the place, never the content.
 * @param of of one side of a bridge: `from-`
 */
export function readPassword(options: CollectedOptions, environment: NodeJS.ProcessEnv, of = ''): string | undefined {
  const [variable, file] = [`${of}password-env`, `${of}password-file`];
  if (options.value(variable) === undefined) return passwordFromFile(options, file);
  if (options.value(file) !== undefined) throw usageError(`--${variable} and --${file} exclude each other`, file);
  return readVariable(options, variable, environment);
}

/** The secret in the environment variable that an option names; undefined where it is not given. */
export function readVariable(
  options: CollectedOptions,
  option: string,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const variable = options.value(option);
  if (variable === undefined) return undefined;
  const secret = environment[variable];
  if (secret !== undefined && secret !== '') return secret;
  // A value that is no name of a variable is likely the secret itself: it must not be repeated.
  const named = /^[A-Z_][A-Z0-9_]*$/.test(variable)
    ? `the environment variable ${variable}`
    : 'the environment variable';
  throw usageError(`--${option} takes a variable's name, and ${named} is not set`, option);
}

function passwordFromFile(options: CollectedOptions, option: string): string | undefined {
  const bytes = readFileOption(options, option);
  if (bytes === undefined) return undefined;
  const password = Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '') throw usageError(`--${option}: the file is empty`, option);
  return password;
}
