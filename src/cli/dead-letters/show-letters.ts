import { type LetterLine, LetterLines } from '../../internal/letters/letter-lines.js';
import type { Output } from '../job/reporter.js';
import type { LetterFlags } from './dead-letters-flags.js';
import { isMeant } from './letter-filter.js';
import { letterLine, letterText } from './letter-text.js';
import { readLetter, type StoredLetter } from './read-letter.js';

/** How the letters of a file were looked through. */
export interface LookedThrough {
  readonly meant: number;
  /** Numbers of lines that are no letters, the first hundred. */
  readonly damaged: readonly number[];
}

const MOST_DAMAGED = 100;

/** Calls `use` with each letter that is meant, one after the other. @throws MillraceError INVALID_OPTIONS, and what `use` throws */
export async function eachLetter(
  { file, filter }: Pick<LetterFlags, 'file' | 'filter'>,
  use: (letter: StoredLetter, line: LetterLine) => unknown,
): Promise<LookedThrough> {
  await using lines = await LetterLines.open(file);
  const damaged: number[] = [];
  let meant = 0;
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    const letter = readLetter(line.bytes);
    if (letter === undefined) {
      if (damaged.length < MOST_DAMAGED) damaged.push(line.number);
    } else if (isMeant(letter, line.number, filter)) {
      meant += 1;
      await use(letter, line);
    }
  }
  return { meant, damaged };
}

/** A line for each letter. */
export function listLetters(flags: LetterFlags, { stdout }: Output): Promise<LookedThrough> {
  return eachLetter(flags, (letter, { number }) => stdout(letterLine(letter, number, flags.json)));
}

/** All of each letter. */
export function showLetters(flags: LetterFlags & { readonly raw: boolean }, output: Output): Promise<LookedThrough> {
  const { stdout, data } = output;
  return eachLetter(flags, async (letter, { number, bytes }) => {
    if (flags.raw) await data.write(letter.payload ?? Buffer.alloc(0));
    else stdout(letterText(letter, { number, ...Object(JSON.parse(bytes.toString())) }, flags.json));
  });
}
