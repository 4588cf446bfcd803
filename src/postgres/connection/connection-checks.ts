import { type OptionChecks, options } from '../../internal/options/check-options.js';
import {
  anObject,
  either,
  flag,
  func,
  must,
  someText,
  text,
  wholeNumber,
} from '../../internal/options/option-checks.js';
import type { PostgresConnectionOptions } from './postgres-connection.js';
import { sqlText } from './sql-text-check.js';

const HIGHEST_PORT = 65_535;
/** A `statement_timeout` is a 32-bit number of milliseconds, and the clock on this side waits a little longer. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/** Of the parts of a connection. */
const CONNECTION: OptionChecks<PostgresConnectionOptions> = {
  host: someText,
  port: wholeNumber(1, HIGHEST_PORT),
  database: sqlText,
  user: sqlText,
  password: either('a string or a function', text, func),
  ssl: either('true, false or an object', flag, anObject),
  applicationName: sqlText,
};

/** Those that `pg` documents: it would take any, and speak to what listens there. */
const SCHEME = /^(postgres|postgresql|socket):/i;

const url = must(
  'a URL like postgres://user@host:5432/database',
  (value) => typeof value === 'string' && SCHEME.test(value) && URL.canParse(value),
);

/** A URL, or an object of its parts. The value is never shown. */
export const connectionCheck = (value: unknown, name: string): readonly string[] => {
  // it would pass for an object without any part: the database of the environment
  if (value instanceof URL) return [`${name} must be a string, not an instance of URL: give its href`];
  return typeof value === 'string' ? url(value, name) : options<PostgresConnectionOptions>(CONNECTION)(value, name);
};

/** Of connecting and of statements. */
export const timeoutCheck = wholeNumber(1, LONGEST_MS);
