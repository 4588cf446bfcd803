/** A terminal shows at most so much of what somebody else wrote. */
const MAX_SHOWN = 1024;

/**
 * What a terminal would obey, or show in another order, instead of showing it: C0, DEL and C1 controls, marks and overrides of the
 * direction of text, separators of lines, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/gu;

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text with what is not visible as `\u001b`; the escapes are those of JSON. Takes time in proportion to the text, whatever it is. */
export const visible = (text: string): string => text.replace(UNSEEN, escapeOf);

/** Text of somebody else (a broker, a publisher) for a terminal or a log: visible, and at most 1,024 characters. */
export const foreignText = (text: string): string => {
  const shown = visible(text.slice(0, MAX_SHOWN));
  if (text.length <= MAX_SHOWN && shown.length <= MAX_SHOWN) return shown;
  // no escape is cut in two
  return `${shown.slice(0, MAX_SHOWN - 1).replace(/\\(u[0-9a-f]{0,3})?$/, '')}…`;
};

/** JSON in which nothing has to be hidden from a terminal either: equal to that of `JSON.stringify` for whoever reads it. */
export const visibleJson = (value: unknown): string => visible(JSON.stringify(value));
