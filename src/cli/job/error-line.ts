import { MillraceError } from '../../errors/index.js';
import { errorWords } from '../../internal/error-words.js';
import { foreignText } from '../../internal/visible-text.js';

/** An error as one line: what and why, then what to do. Foreign text in it is made visible and cut, its line breaks are folded. */
export function errorLine(error: unknown, words: Words = asItIs): string {
  const { message, advice } = describe(error);
  const text = oneLine(words(message));
  const sentence = /[.!?…]$/.test(text) ? text : `${text}.`;
  return advice === undefined ? sentence.replace(/\.$/, '') : `${sentence} ${oneLine(words(advice))}`;
}

/** How a command says what the library says. */
export type Words = (text: string) => string;

export const asItIs: Words = (text) => text;

/** No expression that looks back over blanks: a broker may send 65,535 of them. */
function oneLine(text: string): string {
  const parts = text.split(/[\r\n]/).map((part) => part.trim());
  return foreignText(parts.filter((part) => part !== '').join(' '));
}

function describe(error: unknown): { readonly message: string; readonly advice?: string | undefined } {
  if (error instanceof MillraceError) {
    const inner = error.cause instanceof MillraceError ? error.cause : undefined;
    // An error of our own that a function threw says it all.
    const message = inner === undefined ? error.message : error.message.replace(/^(messageFn|mapToItemFn) threw: /, '');
    return { message: errorWords(message), advice: error.advice ?? inner?.advice };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}
