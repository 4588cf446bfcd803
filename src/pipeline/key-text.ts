import type { StateKey } from './stage-state.js';

/** A key as text. The first character says the type, so that `1` and `'1'` are two keys. */
export const keyText = (key: StateKey): string => {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'number':
      return `n${key}`;
    case 'bigint':
      return `i${key}`;
    case 'boolean':
      return key ? 'bt' : 'bf';
  }
};
