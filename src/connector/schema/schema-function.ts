import { functionMistake } from '../../errors/function-mistake.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { isThenable, promiseError } from '../../internal/refuse-promise.js';
import type { SchemaIssue, StandardSchema } from './standard-schema.js';

/** More places are no help. */
const MOST_PATHS = 8;
/** Names in a path may be those of the item, which may be anybody's. */
const MOST_PATH_CHARACTERS = 100;

/**
 * The function that lets through items which a schema takes, as what it makes of them.
 * @throws MillraceError INVALID_OPTIONS for what is no schema
 */
export const schemaFunction = <R>(schema: StandardSchema<R>): ((item: unknown) => R) => {
  const validate = validatorOf(schema);
  return (item) => {
    const result = validate(item);
    if (isThenable(result)) throw promised(schema, item, result);
    if (result?.issues !== undefined) throw doesNotFit(result.issues);
    if (typeof result !== 'object' || result === null || !('value' in result)) throw noAnswer();
    return result.value;
  };
};

/** JavaScript may give anything. */
export const isSchema = (value: unknown): value is StandardSchema => {
  const standard: unknown = Object(value)['~standard'];
  return Object(standard).version === 1 && typeof Object(standard).validate === 'function';
};

const validatorOf = <R>(schema: StandardSchema<R>): StandardSchema<R>['~standard']['validate'] => {
  if (isSchema(schema)) return schema['~standard'].validate;
  throw new MillraceError('INVALID_OPTIONS', 'schema: it is no schema of Standard Schema, version 1', {
    advice: 'Give a schema of zod (3.24 or later), valibot, arktype or another library that has the interface.',
  });
};

/**
 * zod answers by a promise, too, when a function in a schema throws (`z.string().transform(JSON.parse)`). That is an error of this item,
 * for `onError`: zod's own door throws it again, or says that the schema is asynchronous.
 */
const promised = (schema: object, item: unknown, result: PromiseLike<unknown>): unknown => {
  const mistake = asynchronous(result);
  if (!('safeParse' in schema) || typeof schema.safeParse !== 'function') return mistake;
  try {
    schema.safeParse(item);
    return mistake;
  } catch (error) {
    return error instanceof Error && error.message.includes('parseAsync') ? mistake : error;
  }
};

const noAnswer = (): MillraceError =>
  functionMistake(
    'the schema gave neither a value nor issues',
    'Its validate must return { value } or { issues }, as Standard Schema says.',
  );

const asynchronous = (result: PromiseLike<unknown>): MillraceError => {
  promiseError(result);
  return functionMistake(
    'the schema validates asynchronously',
    'Use it in a mapAsync stage: mapAsync((item) => schema.parseAsync(item)), or what its library has for that.',
  );
};

/** Where, and never what: a value, or words of the library about it, may be a secret. */
const doesNotFit = (issues: readonly SchemaIssue[]): MillraceError => {
  const paths = [...new Set(issues.map(pathOf))];
  const shown = paths.slice(0, MOST_PATHS).map((path) => (path === '' ? 'the item itself' : path));
  const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} other places` : '';
  const places = shown.length === 0 ? '' : ` at ${shown.join(', ')}${more}`;
  return new MillraceError('INVALID_MESSAGE', `the item does not fit the schema${places}`, {
    advice: 'Mend what makes such items, or let the schema take them.',
    details: { paths: paths.slice(0, MOST_PATHS) },
  });
};

/** As it is written in JavaScript: `readings[2].unit`. */
const pathOf = ({ path = [] }: SchemaIssue): string =>
  // a copy: the path may be of a class of arrays, whose `map` makes another of it
  [...path]
    .map((step, index) => {
      const key = typeof step === 'object' ? step.key : step;
      if (typeof key === 'number') return `[${key}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join('')
    .slice(0, MOST_PATH_CHARACTERS);
