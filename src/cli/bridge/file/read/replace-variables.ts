/** A text with its variables replaced, or what is wrong with one. */
export type Replaced =
  | { readonly text: string; readonly replaced: boolean }
  | { readonly code: 'unset-variable' | 'wrong-value' | 'too-large'; readonly message: string };

const REFERENCE = /\$\$\{|\$\{([^{}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DEFAULT = ':-';
const MAX_LENGTH = 65_536;

/**
 * Puts the environment into a text: `${NAME}`, `${NAME:-default}` where it is unset or empty; `$${` is `${` itself. What is put in is not
 * looked at again.
 */
export function replaceVariables(text: string, environment: NodeJS.ProcessEnv): Replaced {
  if (!text.includes('${')) return { text, replaced: false };
  let problem: Exclude<Replaced, { readonly text: string }> | undefined;
  let replaced = false;
  const result = text.replace(REFERENCE, (all: string, inside: string | undefined, end: string | undefined) => {
    if (all === '$${') return '${';
    replaced = true;
    const value = variableValue(inside ?? '', end === '}', environment);
    if (typeof value === 'string') return value;
    problem ??= value;
    return '';
  });
  if (problem !== undefined) return problem;
  return result.length > MAX_LENGTH
    ? { code: 'too-large', message: `must be at most ${MAX_LENGTH} characters with its variables replaced` }
    : { text: result, replaced };
}

/** A name that is none is not repeated: it may be a secret in the wrong place. */
function variableValue(inside: string, closed: boolean, environment: NodeJS.ProcessEnv) {
  const at = inside.indexOf(DEFAULT);
  const name = at < 0 ? inside : inside.slice(0, at);
  if (!closed || !NAME.test(name)) {
    const message = 'must have variables as ${NAME} or ${NAME:-default}, and ${ itself as $${';
    return { code: 'wrong-value', message } as const;
  }
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  if (at >= 0) return inside.slice(at + DEFAULT.length);
  return { code: 'unset-variable', message: `the environment variable ${name} is not set` } as const;
}
