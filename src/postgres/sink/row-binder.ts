import type { DeadLetter } from '../../connector/dead-letter.js';
import { letterOfItem } from '../../connector/letter-of-item.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { isObject } from '../../internal/is-object.js';
import { isThenable, promiseError, refusePromise } from '../../internal/refuse-promise.js';
import { jsonOfValue, jsonOfValues } from './row-json.js';

/** Makes of an item what the statement is given, as JSON. Throws for an item that cannot be one. */
export type BindRow<T> = (item: T) => string;

/** An array of names, without its methods: in an object of functions a column may be called `at` or `values` as well, and has its type. */
export type ColumnNames = object & Iterable<string> & { readonly [index: number]: string };

/** Which value goes into which column: the item's properties of these names, or what a function gives. */
export type ColumnValues<T> = ColumnNames | Readonly<Record<string, (item: T) => unknown>>;

/** The names, in their order. */
export const columnNames = <T>(columns: ColumnValues<T>): readonly string[] =>
  isNames(columns) ? columns : Object.keys(columns);

/** The row of an item as a JSON object. */
export const bindColumns = <T>(columns: ColumnValues<T>): BindRow<T> => {
  const functions = isNames(columns)
    ? columns.map((name) => [name, (item: T) => propertyOf(item, name)] as const)
    : Object.entries(columns);
  const parts = functions.map(([name, give]) => ({ key: `${JSON.stringify(name)}:`, name, give }));
  return (item) => {
    let json = '';
    for (const { key, name, give } of parts) {
      json += `${json === '' ? '{' : ','}${key}${jsonOfValue(call(give, item, `column "${name}"`), `column "${name}"`)}`;
    }
    return `${json}}`;
  };
};

/** The values of a statement as a JSON array. */
export const bindValues =
  <T>(bindFn: (item: T) => readonly unknown[]): BindRow<T> =>
  (item) => {
    const values: unknown = call(bindFn, item, 'bindFn');
    if (Array.isArray(values)) return jsonOfValues(values, 'value');
    throw new MillraceError('USER_FUNCTION_FAILED', 'bindFn gave no array', {
      advice: 'It must return the values of $1, $2, … in their order.',
    });
  };

/** Why an item is no row, as its letter, which goes where `onError` says. */
export const rejectionOf = (item: unknown, thrown: unknown, sink: string): DeadLetter => {
  const cause = MillraceError.from(thrown);
  const error = new MillraceError(cause.code, `sink "${sink}" cannot make a row of an item: ${cause.message}`, {
    cause,
    details: { ...cause.details, sink },
    ...(cause.advice === undefined ? {} : { advice: cause.advice }),
  });
  return letterOfItem({ item, error, attempt: 1, origin: sink });
};

// as `Array.isArray` does not see it: a readonly array is one
const isNames = (columns: ColumnValues<never>): columns is readonly string[] => Array.isArray(columns);

const propertyOf = (item: unknown, name: string): unknown => {
  if (isObject(item)) return settled(item[name], name);
  throw new MillraceError(
    'INVALID_MESSAGE',
    `the item is ${item === null || item === undefined ? item : `a ${typeof item}`}, which has no columns`,
    {
      advice: 'Give columns as functions of the item, or make an object of it in a map stage.',
    },
  );
};

/** A promise in an item is the fault of that item: no function of the sink has given it. */
const settled = (value: unknown, name: string): unknown => {
  if (!isThenable(value)) return value;
  promiseError(value);
  throw new MillraceError('INVALID_MESSAGE', `column "${name}" is a promise`, {
    advice: 'A function before the sink is async: use mapAsync there instead of map.',
  });
};

const call = <T, R>(fn: (item: T) => R, item: T, what: string): R => {
  try {
    const made = fn(item);
    refusePromise(made, what);
    return made;
  } catch (thrown) {
    throw MillraceError.from(thrown, 'USER_FUNCTION_FAILED', what, 'Mend the function, or the item before the sink.');
  }
};
