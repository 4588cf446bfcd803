import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { tokenProblem } from '../../http/policy/token-form.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { readVariable } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';

/** Where the token is looked for when no option says it. */
export const TOKEN_VARIABLE = 'MILLRACE_HTTP_TOKEN';

const ENV = 'http-token-env';
const FILE = 'http-token-file';

/** The token, from the environment or a file; undefined where there is none. Errors name the place, never the content. */
export function readToken(options: CollectedOptions, environment: NodeJS.ProcessEnv): string | undefined {
  const path = options.value(FILE);
  const named = readVariable(options, ENV, environment);
  if (path !== undefined && named !== undefined) throw usageError(`--${ENV} and --${FILE} exclude each other`, FILE);
  if (path !== undefined) return checked(readTokenFile(path), `--${FILE}: the token`, FILE);
  if (named !== undefined) return checked(named, `--${ENV}: the token`, ENV);
  const found = environment[TOKEN_VARIABLE];
  return found === undefined || found === '' ? undefined : checked(found, `the token in ${TOKEN_VARIABLE}`, 'http');
}

function checked(token: string, what: string, option: string): string {
  const problem = tokenProblem(token);
  if (problem !== undefined) throw usageError(`${what} ${problem}`, option);
  return token;
}

/** One line break at its end belongs to the editor. It is looked at what was opened, which nobody can swap. */
function readTokenFile(path: string): string {
  let file: number | undefined;
  try {
    // a pipe without a writer must not hold us up
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(file);
    if (!found.isFile()) throw usageError(`--${FILE}: ${path} is no regular file`, FILE);
    if (isOpenToOthers(found)) throw usageError(`--${FILE}: others can read ${path}: chmod 600 ${path}`, FILE);
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code, syscall } = Object(error);
    if (typeof syscall !== 'string') throw error;
    throw usageError(`--${FILE}: cannot read ${path}: ${code === 'ENOENT' ? 'no such file' : code}`, FILE);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What root owns may be for a group: so credentials of systemd look, whose right of one user shows as that of the group. */
const isOpenToOthers = ({ mode, uid }: Stats): boolean =>
  process.platform !== 'win32' && (mode & (uid === 0 ? 0o007 : 0o077)) !== 0;
