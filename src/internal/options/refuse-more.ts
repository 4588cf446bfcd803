import { invalidOptions } from './invalid-options.js';

type FunctionNames<T> = {
  [Name in keyof T & string]: T[Name] extends (...given: never[]) => unknown ? Name : never;
}[keyof T & string];

/** How many arguments each function takes: the compiler misses one that has no number. */
export type ArgumentCounts<T> = { readonly [Name in FunctionNames<T>]: number };

/**
 * Has each function of `target` refuse what is given behind its last argument: JavaScript drops it, and who gave a second sink, or options
 * where none are taken, would wait for their effect. `undefined` stands for "not said".
 * Of a count of Infinity a function is left as it is.
 * @param whose for the sentence: `the MQTT source`
 */
export const refuseMore = <T extends object>(whose: string, most: ArgumentCounts<T>, target: T): void => {
  for (const [name, count] of Object.entries<number>(most)) {
    const fn: unknown = Reflect.get(target, name);
    if (typeof fn !== 'function') throw new TypeError(`${whose} has no function ${name}`);
    // nothing is behind the last one, and of very many the arguments fit on the stack but once
    if (count === Number.POSITIVE_INFINITY) continue;
    const value = function (this: unknown, ...given: readonly unknown[]): unknown {
      if (given.slice(count).some((one) => one !== undefined)) throw tooMany(whose, name, { count, given });
      return Reflect.apply(fn, this, given);
    };
    // a method stays one that is not listed
    Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(target, name), value });
  }
};

const tooMany = (
  whose: string,
  name: string,
  { count, given }: { readonly count: number; readonly given: readonly unknown[] },
): Error => {
  const takes = count === 0 ? 'no argument' : count === 1 ? '1 argument' : `${count} arguments`;
  return invalidOptions(whose, [`${name} takes ${takes}, not ${given.length}`]);
};
