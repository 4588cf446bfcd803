import { MillraceError } from '../../../errors/millrace-error.js';

/** Mapped to a space [RFC 3454, C.1.2]. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
/** Mapped to nothing [RFC 3454, B.1]. */
const NOTHING = /[\u00ad\u1806\u200c\u2060\ufeff]|\u200d|\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]/g;
/** Not allowed [RFC 3454, C.2 to C.9]: controls, private use, non-characters, surrogates, and what changes the display. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\u200e\u200f\u202a-\u202e\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const LEFT_TO_RIGHT = /[A-Za-z]/;

/**
 * A user name or password as SASL compares them [RFC 4013]: one form for what looks the same.
 * @throws MillraceError INVALID_OPTIONS for text that must not be used; it does not repeat it
 */
export function saslPrep(text: string, what: 'username' | 'password'): string {
  if (typeof text !== 'string' || text === '') throw refused(what, 'is missing');
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (prepared === '') throw refused(what, 'is empty when it is prepared');
  if (PROHIBITED.test(prepared)) throw refused(what, 'has characters that are not allowed');
  if (RIGHT_TO_LEFT.test(prepared) && (LEFT_TO_RIGHT.test(prepared) || !isRightToLeftAtBothEnds(prepared))) {
    throw refused(what, 'mixes directions of writing');
  }
  return prepared;
}

function isRightToLeftAtBothEnds(text: string): boolean {
  const characters = Array.from(text);
  return [characters.at(0), characters.at(-1)].every((character) => RIGHT_TO_LEFT.test(character ?? ''));
}

const refused = (what: string, why: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `the ${what} ${why} (SASLprep, RFC 4013)`, {
    advice: 'Use another one, as the broker knows it.',
  });
