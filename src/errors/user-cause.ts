import { MillraceError } from './millrace-error.js';

/** What a function of the user's threw. */
export interface UserCause {
  readonly name: string;
  /** Left out where the error does not repeat it, for it may hold a secret. */
  readonly message?: string;
  /** `file:line:column`, the first of the stack that is no module of Node's, or of a package where there is another. */
  readonly frame?: string;
}

const FRAME = /^\s*at (?:.*\()?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/;

/** The cause of a failure of a user's function; undefined for any other failure. */
export function userCause(error: unknown): UserCause | undefined {
  if (!(error instanceof MillraceError) || error.code !== 'USER_FUNCTION_FAILED') return undefined;
  const { cause } = error;
  if (!(cause instanceof Error) || cause instanceof MillraceError) return undefined;
  const frame = frameOf(cause.stack ?? '');
  return {
    name: cause.name,
    ...(error.message.includes(cause.message) ? { message: cause.message } : {}),
    ...(frame === undefined ? {} : { frame }),
  };
}

/** As a line for people. */
export function causeLine({ name, message, frame }: UserCause): string {
  const place = frame === undefined ? '' : `, at ${frame}`;
  return `caused by ${name}${message === undefined ? '' : `: ${message}`}${place}`;
}

function frameOf(stack: string): string | undefined {
  const frames = stack.split('\n').flatMap((line) => FRAME.exec(line)?.[1] ?? []);
  const found = frames.find((frame) => !frame.includes('/node_modules/')) ?? frames[0];
  return found?.replace(/^file:\/\//, '');
}
