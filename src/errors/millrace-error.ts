import { ERROR_KINDS, type ErrorCode, type Fault } from './error-code.js';

/** What an error may say besides its code and its sentence. */
export interface MillraceErrorOptions {
  /** What was thrown below. Not in `toJSON`: it may be anybody's, and say anything. */
  readonly cause?: unknown;
  /** What to do about it, as one sentence. */
  readonly advice?: string;
  /** Facts for machines: a topic, a filter, a limit. Never a secret and never a payload. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The MQTT reason code that the peer sent, or that we send because of this error. */
  readonly reasonCode?: number;
  /** Overrides the default of the code. */
  readonly retryable?: boolean;
}

/**
 * The only error class that Millrace throws. `code` is from a closed set, `fault` says whose fault it is, `retryable`
 * whether the same action may succeed later without a change, `advice` what to do. Secrets never appear in it.
 */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  /** What happened, for programs. */
  readonly code: ErrorCode;
  /** Whose fault it is. */
  readonly fault: Fault;
  /** Whether the same may succeed later without a change. */
  readonly retryable: boolean;
  /** What to do about it. */
  readonly advice: string | undefined;
  /** Empty where there is nothing to say. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The MQTT reason code that the peer sent, or that we send because of this error. */
  readonly reasonCode: number | undefined;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // without types it may be anything
    if (!Object.hasOwn(ERROR_KINDS, code)) throw new MillraceError('INVALID_OPTIONS', `there is no code "${code}"`);
    const kind = ERROR_KINDS[code];
    this.code = code;
    this.fault = kind.fault;
    this.retryable = options.retryable ?? kind.retryable;
    this.advice = options.advice;
    this.details = options.details ?? {};
    this.reasonCode = options.reasonCode;
  }

  /** Gives a MillraceError as it is and wraps anything else, with that advice, keeping it as the cause. */
  static from(error: unknown, code: ErrorCode = 'INTERNAL', context?: string, advice?: string): MillraceError {
    if (error instanceof MillraceError) return error;
    const text = textOf(error);
    const options = { cause: error, ...(advice !== undefined && { advice }) };
    return new MillraceError(code, context === undefined ? text : `${context}: ${text}`, options);
  }

  /** What `--json` and logs print: no stack, no cause chain. */
  toJSON(): ToldError {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      fault: this.fault,
      retryable: this.retryable,
      ...(this.advice === undefined ? {} : { advice: this.advice }),
      ...(this.reasonCode === undefined ? {} : { reasonCode: this.reasonCode }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/** A MillraceError as it is told: what `toJSON` gives. */
export type ToldError = {
  /** `MillraceError`. */
  readonly name: string;
  /** What happened, for programs. */
  readonly code: ErrorCode;
  /** The same as one sentence. */
  readonly message: string;
  /** Whose fault it is. */
  readonly fault: Fault;
  /** Whether the same may succeed later without a change. */
  readonly retryable: boolean;
  /** What to do about it; absent: nothing that is known. */
  readonly advice?: string;
  /** That of MQTT; absent: there is none. */
  readonly reasonCode?: number;
  /** Facts for machines; absent: there are none. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Of an object nothing is shown. */
const textOf = (thrown: unknown): string => {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'object' && thrown !== null)
    return textOfObject(thrown) ?? 'an object that is no Error was thrown';
  return `${typeof thrown === 'function' ? 'a function' : String(thrown)} was thrown`;
};

/**
 * An error without a message has a code or a name, as that of Node for a host of which no address answers. Undefined: it has no words, or
 * gives them by a function that throws.
 */
const textOfObject = (thrown: object): string | undefined => {
  try {
    if (!(thrown instanceof Error)) return undefined;
    const code = 'code' in thrown ? thrown.code : undefined;
    const { message, name }: { readonly message: unknown; readonly name: unknown } = thrown;
    return [message, code, name].find((words): words is string => typeof words === 'string' && words !== '');
  } catch {
    return undefined;
  }
};
