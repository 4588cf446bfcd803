import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import * as z3 from 'zod/v3';
import type { DeadLetter } from '../../../src/connector/index.js';
import { Engine, MillraceError, Pipeline, Sinks, type StandardSchema, TestSources } from '../../../src/index.js';
import { LIMIT } from '../../support/limits.js';

const SECRET = 'hunter2';

const SCHEMAS: readonly (readonly [string, StandardSchema<{ device: string; readings: { degrees: number }[] }>])[] = [
  ['zod', z.object({ device: z.string(), readings: z.array(z.object({ degrees: z.number() })) })],
  ['valibot', v.object({ device: v.string(), readings: v.array(v.object({ degrees: v.number() })) })],
  ['arktype', type({ device: 'string', readings: type({ degrees: 'number' }).array() })],
];

const GOOD = { device: 'boiler', readings: [{ degrees: 70 }] };
const BAD = { device: 'oven', readings: [{ degrees: 1 }, { degrees: SECRET }] };

const run = async (schema: StandardSchema<unknown>, items: readonly unknown[]) => {
  const out: unknown[] = [];
  const letters: DeadLetter[] = [];
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...items))
    .schema(schema, { onError: { deadLetter: Sinks.list(letters) } })
    .writeTo(Sinks.list(out));
  await Engine.embedded().newJob(pipeline).join();
  return { out, letters };
};

test('items that do not fit go where onError says, with the paths and never a value in the error', LIMIT, async () => {
  for (const [name, schema] of SCHEMAS) {
    const { out, letters } = await run(schema, [GOOD, BAD, undefined, GOOD]);
    assert.deepEqual(out, [GOOD, GOOD], name);
    assert.deepEqual(
      letters.map(({ error }) => error.details.paths),
      [['readings[1].degrees'], ['']],
      name,
    );
    const [letter, other] = letters;
    assert.equal(letter?.origin, 'schema');
    assert.deepEqual(letter?.attributes.item, BAD);
    assert.match(letter?.error.message ?? '', /stage "schema" .* does not fit the schema at readings\[1\]\.degrees$/);
    assert.match(other?.error.message ?? '', /at the item itself$/);
    for (let error: unknown = letter?.error; error instanceof Error; error = error.cause) {
      assert.doesNotMatch(JSON.stringify([error, error.message, error.stack]), new RegExp(SECRET), name);
    }
  }
});

test('a schema that says only that an item does not fit is no half sentence', LIMIT, async () => {
  const { letters } = await run({ '~standard': { version: 1, vendor: 'own', validate: () => ({ issues: [] }) } }, [
    GOOD,
  ]);
  assert.match(letters[0]?.error.message ?? '', /the item does not fit the schema$/);
});

test('what a schema makes of an item goes on', LIMIT, async () => {
  for (const schema of [
    z.string().transform(Number),
    v.pipe(v.string(), v.transform(Number)),
    type('string.numeric.parse'),
  ]) {
    assert.deepEqual((await run(schema, ['1', '2'])).out, [1, 2]);
  }
});

test('names that a schema of zod or valibot does not know are left out', LIMIT, async () => {
  for (const schema of [z.object({ device: z.string() }), v.object({ device: v.string() })]) {
    assert.deepEqual((await run(schema, [{ device: 'oven', more: 1 }])).out, [{ device: 'oven' }]);
  }
});

test('what a function in a schema throws is an error of the item, for onError', LIMIT, async () => {
  const parse = (text: string) => JSON.parse(text);
  for (const schema of [
    z.string().transform(parse),
    z3.string().transform(parse),
    v.pipe(v.string(), v.transform(parse)),
    type('string').pipe(parse),
  ]) {
    const { out, letters } = await run(schema, ['1', '{', '2']);
    assert.deepEqual(out, [1, 2]);
    assert.deepEqual([letters.length, letters[0]?.attributes.item], [1, '{']);
    assert.ok(letters[0]?.error.cause instanceof SyntaxError);
  }
});

test('many wrong places are cut short, and foreign names in them too', LIMIT, async () => {
  const wrong = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}-${'x'.repeat(1000)}`, 'text']));
  const { letters } = await run(z.record(z.string(), z.number()), [wrong]);
  const { message = '', details } = letters[0]?.error ?? {};
  assert.ok(message.length < 1200, `${message.length} characters`);
  assert.match(message, /and 22 other places$/);
  assert.equal(Array.isArray(details?.paths) && details.paths.length, 8);
});

test('a schema that answers by a promise fails the job and names mapAsync, whatever onError says', LIMIT, async () => {
  for (const schema of [z.string().refine(async () => true), z3.string().refine(async () => true)]) {
    await assert.rejects(run(schema, ['a']), (error: MillraceError) => {
      assert.ok(error instanceof MillraceError);
      assert.match(error.message, /validates asynchronously/);
      assert.match(error.advice ?? '', /mapAsync/);
      return true;
    });
  }
});

test('what is no schema is refused when the stage is made', () => {
  const stage = Pipeline.create().readFrom(TestSources.items(1));
  for (const none of [undefined, null, {}, () => true, { '~standard': { version: 2, validate: () => ({}) } }]) {
    assert.throws(() => stage.schema(none as never), { code: 'INVALID_OPTIONS', message: /Standard Schema/ });
  }
});

test(
  'a schema that gives neither a value nor issues fails the job: undefined would go on for each item',
  LIMIT,
  async () => {
    for (const answer of [5, null, undefined, {}]) {
      const schema = { '~standard': { version: 1, vendor: 'own', validate: () => answer } } as never;
      await assert.rejects(run(schema, [GOOD]), {
        code: 'USER_FUNCTION_FAILED',
        message: /neither a value nor issues/,
      });
    }
  },
);
