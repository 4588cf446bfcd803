import { types } from 'node:util';
import { MillraceError } from '../errors/millrace-error.js';

/** Objects that structured clone gives back as they were, without the properties that were hung on them. */
const KEPT: readonly object[] = [
  Date,
  RegExp,
  Map,
  Set,
  ArrayBuffer,
  DataView,
  Buffer,
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
].map(({ prototype }) => prototype);

/** What an error has of its own and structured clone keeps. */
const ERROR_PROPERTIES: ReadonlySet<PropertyKey> = new Set(['stack', 'message', 'cause']);

const ADVICE =
  'Keep plain objects, arrays, maps, sets, dates and numbers, or give the stage a codec that knows how to store it.';

const refuse = (path: string, what: string): never => {
  throw new MillraceError('STATE_NOT_STORABLE', `${path === '' ? 'the value' : path} is ${what}`, {
    advice: ADVICE,
    details: { path },
  });
};

/**
 * Refuses what structured clone would refuse, lose or change.
 * @throws MillraceError STATE_NOT_STORABLE that names the path
 */
export const checkStorable = (value: unknown): void => walk(value, { path: '', seen: new Set() });

interface Place {
  readonly path: string;
  readonly seen: Set<object>;
}

const walk = (value: unknown, { path, seen }: Place): void => {
  if (typeof value === 'function') refuse(path, `a function (${value.name === '' ? 'without a name' : value.name})`);
  if (typeof value === 'symbol') refuse(path, 'a symbol');
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Map) walkMap(value, { path, seen });
  if (value instanceof Set) for (const one of value) walk(one, { path: `${path}.values()`, seen });
  checkPrototype(value, path);
  walkProperties(value, { path, seen });
};

const walkMap = (map: ReadonlyMap<unknown, unknown>, { path, seen }: Place): void => {
  for (const [key, one] of map) {
    const name = typeof key === 'string' || typeof key === 'number' ? JSON.stringify(key) : 'key';
    walk(key, { path: `${path}.keys()`, seen });
    walk(one, { path: `${path}.get(${name})`, seen });
  }
};

const checkPrototype = (value: object, path: string): void => {
  if (types.isProxy(value)) refuse(path, 'a proxy');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || Array.isArray(value)) {
    if (prototype !== Object.prototype && prototype !== Array.prototype)
      refuse(path, 'an instance of a class of arrays');
    return;
  }
  if (prototype === null) refuse(path, 'an object without a prototype');
  if (!KEPT.some((kept) => kept === prototype)) refuse(path, `an instance of ${value.constructor?.name ?? 'a class'}`);
};

const walkProperties = (value: object, { path, seen }: Place): void => {
  if (ArrayBuffer.isView(value)) return;
  for (const name of Reflect.ownKeys(value)) {
    const at = nameOf(value, name, path);
    const property = Object.getOwnPropertyDescriptor(value, name);
    if (property === undefined || isImplied(value, name)) continue;
    if (typeof name === 'symbol') refuse(at, 'under a symbol');
    if (!('value' in property)) refuse(at, 'a getter');
    if (!isCarrier(value)) refuse(at, 'a property of its own of a built-in object');
    if (property.enumerable !== true) refuse(at, 'not enumerable');
    walk(property.value, { path: at, seen });
  }
};

const nameOf = (value: object, name: PropertyKey, path: string): string =>
  Array.isArray(value) && typeof name === 'string' ? `${path}[${name}]` : `${path}.${String(name)}`;

const isCarrier = (value: object): boolean => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

/** Properties that come with what the value is. */
const isImplied = (value: object, name: PropertyKey): boolean => {
  if (Array.isArray(value)) return name === 'length';
  if (value instanceof RegExp) return name === 'lastIndex';
  return value instanceof Error && ERROR_PROPERTIES.has(name) && !(name === 'cause' && typeof value.cause === 'object');
};
