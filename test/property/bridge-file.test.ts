import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVIRONMENT, planOf, TWO_WAY } from '../support/bridge-files.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';

const SECRET = 'sW0rdf1sh';
/** One in its place, and one that an anchor lends. */
const TEXT = TWO_WAY.replace('${EDGE_PASSWORD}', `&pw ${SECRET}`);
const PIECES = [
  '\n',
  '\t',
  ' ',
  '  ',
  ':',
  ': ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '#',
  '&a ',
  '*pw',
  '*a',
  '!x ',
  '|',
  '>',
  '%',
  '---\n',
  '${',
  '}',
  '\0',
  '\u2028',
  'ä',
  '\ud800',
  '<<: ',
  'null',
  '~',
  '{topic}',
  '0x1',
  '? ',
];

/** A file with a few places changed: cut out, doubled, or something put in. */
const broken = fc
  .array(
    fc.record({
      at: fc.nat(TEXT.length),
      cut: fc.oneof(fc.constant(0), fc.nat(30)),
      put: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5, unit: 'binary' })),
      again: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((changes) =>
    changes.reduce((text, { at, cut, put, again }) => {
      const gone = text.slice(at, at + cut);
      return text.slice(0, at) + (again ? gone + put + gone : put) + text.slice(at + cut);
    }, TEXT),
  );

/** Both are lines of the text: a change that made a key of the secret, or cut it, has it elsewhere. */
const keepsSecret = (text: string) => text.includes(`password: &pw ${SECRET}\n`);

test(
  'a broken file is never a crash: a plan, or problems with position and code, none of which has a secret',
  LIMIT,
  async () => {
    let wrong = 0;
    await fc.assert(
      fc.asyncProperty(broken, async (text) => {
        const plan = await planOf(text, { environment: ENVIRONMENT });
        if ('routes' in plan) return;
        wrong += 1;
        const lines = text.split('\n').length;
        assert.ok(plan.length > 0);
        for (const { code, place, message } of plan) {
          assert.match(code, /^[a-z]+(-[a-z]+)*$/);
          assert.ok(place.line >= 1 && place.line <= lines + 1 && place.column >= 1, JSON.stringify(place));
          assert.match(message, /^\S[^\n]*\S$/);
        }
        if (keepsSecret(text)) assert.ok(!JSON.stringify(plan).includes(SECRET));
      }),
      { numRuns: howMany({ sample: 200, full: 10_000 }) },
    );
    assert.ok(wrong > 100);
  },
);

for (const [what, text] of [
  ['brackets in brackets', '['.repeat(20_000)],
  ['lists in lists', `${'- '.repeat(20_000)}a`],
  [
    'aliases of aliases',
    ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi']
      .map((line, index, all) =>
        index === 0 ? line : `${line}: &${line} [${Array(9).fill(`*${all[index - 1]?.charAt(0)}`)}]`,
      )
      .join('\n'),
  ],
  ['an alias in itself', 'brokers: &b [*b]'],
  ['many keys', `brokers: {${Array.from({ length: 21_000 }, (_, index) => `k${index}: 1`).join()}}`],
] as const) {
  test(`${what} are refused with a position, soon`, LIMIT, async () => {
    const plan = await planOf(text);
    assert.ok(!('routes' in plan) && plan.length > 0 && plan.every(({ place }) => place.line >= 1));
  });
}

test('a large value of the environment does not grow with the file', LIMIT, async () => {
  const text = TWO_WAY.replace('[plant/#]', `[${Array(100).fill("'${BIG}'")}]`);
  const plan = await planOf(text, { environment: { ...ENVIRONMENT, BIG: `a/${'x'.repeat(65_000)}` } });
  assert.ok(!('routes' in plan) && plan.some(({ code }) => code === 'too-large'));
});
