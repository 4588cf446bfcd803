import { MillraceError } from '../../errors/millrace-error.js';
import { isWellFormed } from '../../internal/well-formed.js';
import { isoText } from './iso-text.js';

/**
 * Values of JavaScript as JSON that PostgreSQL reads as the type of the column: texts, numbers and booleans as they are, `null` and
 * `undefined` as NULL, a Date in ISO form, a bigint by its digits, bytes as `\x…`, NaN and the infinities by their names, arrays as arrays,
 * plain objects as JSON. `place` names the column for errors.
 *
 * @throws MillraceError INVALID_MESSAGE for all else, naming the place
 */
export const jsonOfValue = (value: unknown, place: string): string => {
  switch (typeof value) {
    case 'string':
      return jsonOfText(value, place);
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return `"${value}"`;
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : jsonOfObject(value, place);
    default:
      throw refuse(place, `a ${typeof value}`);
  }
};

/** Of values in their order. */
export const jsonOfValues = (values: readonly unknown[], place: string): string =>
  `[${Array.from(values, (value, index) => jsonOfValue(value, `${place} $${index + 1}`)).join(',')}]`;

/** Half a character would be stored as another one, by a statement's value. */
const jsonOfText = (text: string, place: string): string => {
  if (!isWellFormed(text)) throw refuse(place, 'a text with half a surrogate pair');
  return JSON.stringify(text);
};

const jsonOfObject = (value: object, place: string): string => {
  if (value instanceof Date) return jsonOfDate(value, place);
  if (value instanceof Uint8Array)
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  if (Array.isArray(value)) {
    // not `map`, which leaves holes
    return `[${Array.from(value, (one: unknown, index) => jsonOfValue(one, `${place}[${index}]`)).join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return jsonOfRecord(value, place);
  if (value instanceof Promise) value.catch(() => {});
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonOfValue(value.toJSON(), place);
  throw refuse(place, `an instance of ${value.constructor?.name || 'a class'}`);
};

const jsonOfRecord = (value: object, place: string): string => {
  const parts: string[] = [];
  for (const [key, one] of Object.entries(value)) {
    // a property that is not there is not NULL inside of JSON
    if (one !== undefined) parts.push(`${jsonOfText(key, place)}:${jsonInside(one, `${place}.${key}`)}`);
  }
  return `{${parts.join(',')}}`;
};

/** Below an object it is JSON for good: there a number that is none, or is too long, would silently become a text. */
const jsonInside = (value: unknown, place: string): string => {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    throw refuse(place, `${value}, which JSON has no number for`);
  }
  return jsonOfValue(value, place);
};

const jsonOfDate = (date: Date, place: string): string => {
  if (Number.isNaN(date.getTime())) throw refuse(place, 'an invalid date');
  return `"${isoText(date)}"`;
};

const refuse = (place: string, what: string): MillraceError =>
  new MillraceError('INVALID_MESSAGE', `${place} is ${what}`, {
    advice: 'Give a text, number, boolean, date, bigint, bytes, plain object or array of those, or null.',
  });
