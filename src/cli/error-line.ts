import { MillraceError } from '../errors/index.js';

/** An error as one line: what and why, then what to do. Line breaks of foreign messages are folded. */
export function errorLine(error: unknown): string {
  const { message, advice } = describe(error);
  const text = message.replace(/\s*[\r\n]+\s*/g, ' ').trim();
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`;
  return advice === undefined ? sentence.replace(/\.$/, '') : `${sentence} ${advice.replace(/\s*[\r\n]+\s*/g, ' ')}`;
}

function describe(error: unknown): { readonly message: string; readonly advice?: string | undefined } {
  if (error instanceof MillraceError) {
    const inner = error.cause instanceof MillraceError ? error.cause : undefined;
    // An error of our own that a function threw says it all.
    const message = inner === undefined ? error.message : error.message.replace(/^(messageFn|mapToItemFn) threw: /, '');
    return { message: inWords(message), advice: error.advice ?? inner?.advice };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

/** Node's and OpenSSL's names of errors, as people know them. */
export function inWords(message: string): string {
  return message
    .replace(/connect ECONNREFUSED( \S+)?/, 'connection refused')
    .replace(/connect ETIMEDOUT( \S+)?/, 'connection timed out')
    .replace(/getaddrinfo (ENOTFOUND|EAI_AGAIN)( \S+)?/, 'host not found')
    .replace(/connect (EHOSTUNREACH|ENETUNREACH)( \S+)?/, 'host not reachable')
    .replace(/(read|write) (ECONNRESET|EPIPE)/, 'the other end closed the connection')
    .replace(/[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):\S*/, '$1');
}
