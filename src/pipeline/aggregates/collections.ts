import type { MillraceError } from '../../errors/millrace-error.js';
import { count } from '../../internal/options/option-checks.js';
import { checkFunctions } from '../build/check-parts.js';
import { checkKey } from '../compile/keyed/check-key.js';
import type { StateKey } from '../stage-state.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { checkArgument, refuseItem } from './given-values.js';

const MOST = 10_000;

const full = (what: string, bound: string): MillraceError =>
  refuseItem(
    what,
    `Raise ${bound}, give the stage onError, let forgetWhen end the state, or aggregate to less than all of them.`,
  );

export const toList = <T>(maxItems = MOST): AggregateOperation<T, T[], readonly T[]> => {
  checkArgument('toList', count, maxItems, 'maxItems');
  const check = (size: number): void => {
    if (size > maxItems) throw full(`the list would have ${size} items, and ${maxItems} are its bound`, 'maxItems');
  };
  return {
    create: () => [],
    accumulate: (list, item) => {
      check(list.length + 1);
      list.push(item);
      return list;
    },
    combine: (list, later) => {
      check(list.length + later.length);
      for (const item of later) list.push(item);
      return list;
    },
    export: (list) => [...list],
  };
};

/** How many items each key has: with the last of them it is taken out again. */
export type DistinctState = Map<StateKey, number>;

export const countingDistinct = <T>(
  keyFn: (item: T) => StateKey,
  maxKeys = MOST,
): AggregateOperation<T, DistinctState, number> => {
  checkFunctions('AggregateOperations.countingDistinct', { keyFn });
  checkArgument('countingDistinct', count, maxKeys, 'maxKeys');
  const check = (size: number): void => {
    if (size > maxKeys)
      throw full(`there would be ${size} keys, and ${maxKeys} are the bound`, 'maxKeys of countingDistinct');
  };
  return {
    create: () => new Map(),
    accumulate: (keys, item) => {
      const key = checkKey(keyFn(item));
      const held = keys.get(key) ?? 0;
      if (held === 0) check(keys.size + 1);
      return keys.set(key, held + 1);
    },
    combine: (keys, later) => {
      check(keys.size + [...later.keys()].filter((key) => !keys.has(key)).length);
      for (const [key, items] of later) keys.set(key, (keys.get(key) ?? 0) + items);
      return keys;
    },
    deduct: (keys, part) => {
      for (const [key, items] of part) {
        const left = (keys.get(key) ?? 0) - items;
        if (left > 0) keys.set(key, left);
        else keys.delete(key);
      }
      return keys;
    },
    export: (keys) => keys.size,
  };
};
