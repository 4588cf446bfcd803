import { ERROR_KINDS, type ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { checkStorable } from '../../internal/check-storable.js';

/** What is told of an error that is no MillraceError. */
interface ForeignError {
  readonly name: string;
  readonly message: string;
}

/** A MillraceError as plain data. */
export interface StoredError {
  /** One that is not known where it is read makes the row STORE_CORRUPT. */
  readonly code: ErrorCode;
  /** As it was: it has no secrets. */
  readonly message: string;
  /** Stored, since an error may differ from its code. */
  readonly retryable: boolean;
  /** Undefined: there was none. */
  readonly advice: string | undefined;
  /** A value that cannot be stored is its text. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Of the broker, where it refused something. */
  readonly reasonCode: number | undefined;
  /** Of the place where it was made, not of where it is read. */
  readonly stack: string | undefined;
  /** Down to 8 causes of causes; undefined below. */
  readonly cause: StoredError | ForeignError | undefined;
}

/** How many causes of causes are kept. */
const DEPTH = 8;

/** Keeps all but the classes: a cause is told by its name and message, details that cannot be stored by their text. */
export const encodeError = (error: MillraceError, depth = DEPTH): StoredError => ({
  code: error.code,
  message: error.message,
  retryable: error.retryable,
  advice: error.advice,
  details: storableDetails(error.details),
  reasonCode: error.reasonCode,
  stack: error.stack,
  cause: depth === 0 ? undefined : encodeCause(error.cause, depth - 1),
});

/** Throws for a code that does not exist. */
export const decodeError = (stored: StoredError): MillraceError => {
  const { code, message, cause, stack, advice, reasonCode } = stored;
  if (!Object.hasOwn(ERROR_KINDS, code)) throw new Error(`there is no error code ${code}`);
  const error = new MillraceError(code, message, {
    retryable: stored.retryable,
    details: stored.details,
    ...(cause === undefined ? {} : { cause: decodeCause(cause) }),
    ...(advice === undefined ? {} : { advice }),
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
  if (stack !== undefined) error.stack = stack;
  return error;
};

const encodeCause = (cause: unknown, depth: number): StoredError['cause'] => {
  if (cause === undefined) return undefined;
  if (cause instanceof MillraceError) return encodeError(cause, depth);
  if (cause instanceof Error) return { name: cause.name, message: cause.message };
  return { name: 'Error', message: String(cause) };
};

/** One with a code was a MillraceError, and is one again. */
const decodeCause = (cause: StoredError | ForeignError): Error => {
  if ('code' in cause) return decodeError(cause);
  const error = new Error(cause.message);
  error.name = cause.name;
  return error;
};

const storableDetails = (details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [name, isStorable(value) ? value : String(value)]));

/** Each value by itself: one that is not takes the others along otherwise. */
const isStorable = (value: unknown): boolean => {
  try {
    checkStorable(value);
    return true;
  } catch {
    return false;
  }
};
