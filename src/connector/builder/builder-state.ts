import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../../errors/millrace-error.js';
import { checkStorable } from '../../internal/check-storable.js';
import type { FillState } from './fill-log.js';

/**
 * The state that a function of the user gave, as bytes: it may go on changing the object.
 * @throws MillraceError STATE_NOT_STORABLE
 */
export const encodeState = (source: string, state: unknown): Uint8Array => {
  check(state, `the state of source "${source}"`);
  return serialize(state);
};

/** A copy of its own each time. */
export const decodeState = (state: Uint8Array): unknown => deserialize(state);

/** @throws MillraceError STATE_NOT_STORABLE for an item that a commit in the middle of a fill could not store */
export const checkItems = (source: string, items: readonly unknown[]): void => {
  for (const item of items) check(item, `an item of source "${source}"`);
};

/** What is stored for a source of the user's own. @throws MillraceError STORE_CORRUPT */
export const readFillState = <T>(source: string, value: unknown): FillState<T> | undefined => {
  // the items are those that this source stored
  if (value === undefined || isFillState<T>(value)) return value;
  throw new MillraceError('STORE_CORRUPT', `source "${source}": the stored state is not that of such a source`, {
    advice: 'If another kind of source had this name before, give this one another name; otherwise restore the store.',
    details: { source },
  });
};

const check = (value: unknown, what: string): void => {
  try {
    checkStorable(value);
  } catch (error) {
    throw new MillraceError('STATE_NOT_STORABLE', `${what}: ${MillraceError.from(error).message}`, {
      advice: 'Keep plain objects, arrays, maps, sets, dates, strings and numbers.',
      cause: error,
    });
  }
};

/** The shape alone: the state inside is read by the user's function. */
const isFillState = <T>(value: unknown): value is FillState<T> => {
  if (typeof value !== 'object' || value === null || !('state' in value && 'rest' in value)) return false;
  const { state, rest } = value;
  if (!(state instanceof Uint8Array) || typeof rest !== 'object' || rest === null) return false;
  return 'items' in rest && Array.isArray(rest.items) && 'bytes' in rest && Array.isArray(rest.bytes);
};
