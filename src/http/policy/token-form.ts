/** What RFC 6750 lets stand behind `Bearer`. */
const FORM = /^[A-Za-z0-9._~+/-]+=*$/;
const LONGEST = 512;
/** Fewer different ones are written by hand: of a random token it does not happen. */
const FEWEST_DIFFERENT = 6;

/** How many characters have 128 bits, by what a token is written in. */
const SHORTEST: readonly (readonly [digits: RegExp, length: number])[] = [
  [/^\d+$/, 39],
  [/^([0-9a-f]+|[0-9A-F]+)$/, 32],
  [/^[A-Za-z0-9._~+/=-]+$/, 22],
];

/** Why this can be no token, as the end of a sentence that begins with its name; undefined: it can. The token is not in it. */
export const tokenProblem = (token: string): string | undefined => {
  if (!FORM.test(token) || token.length > LONGEST)
    return `must be at most ${LONGEST} letters, digits and . _ ~ + / - (RFC 6750)`;
  const shortest = SHORTEST.find(([digits]) => digits.test(token))?.[1] ?? LONGEST;
  if (token.length >= shortest && new Set(token).size >= FEWEST_DIFFERENT) return undefined;
  return 'must have 128 random bits: openssl rand -hex 32';
};

/** The token of an `Authorization` header; undefined for one of another kind. */
export const bearerOf = (header: string): string | undefined => /^Bearer +(\S+)$/i.exec(header)?.[1];
