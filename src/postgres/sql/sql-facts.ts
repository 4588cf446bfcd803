/** What is read of an error of the server: never its detail, which shows values. */
export interface SqlFacts {
  /** Five characters (SQLSTATE). */
  readonly code: string;
  /** Without what may be a value, and no longer than it is worth keeping. */
  readonly message: string;
  /** By its name, where one was broken. */
  readonly constraint: string | undefined;
  /** By its name, where the server says which. */
  readonly column: string | undefined;
}

const LONGEST_MESSAGE = 1_000;

/** The facts of an error of the server; undefined for any other error. */
export const sqlFacts = (error: unknown): SqlFacts | undefined => {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  const { code } = error;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  const message = shortened(withoutValue(code, error.message));
  return { code, message, constraint: textOf(error, 'constraint'), column: textOf(error, 'column') };
};

/** A property that `pg` or the system may have put onto an error. */
export const textOf = (error: unknown, name: 'code' | 'constraint' | 'column' | 'routine'): string | undefined => {
  const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
};

/**
 * What stands in quotes is a value in errors of data (`value "12" is out of range`), whatever the quotes of the server's language are; in
 * others it is one behind a colon, else a name.
 */
const withoutValue = (code: string, message: string): string => {
  const rest = message.replace(/: ["«»„“].*$/s, '');
  return code.startsWith('22') ? rest.replace(/["«»„“].*["«»“”]/s, '…') : rest;
};

/** It is kept as JSON, which has no half of a character at its end. */
const shortened = (message: string): string => message.slice(0, LONGEST_MESSAGE).replace(/\p{Surrogate}$/u, '');
