import type { CollectedOptions } from './collect-options.js';
import { inWords } from './in-words.js';
import { usageError } from './usage-error.js';

/** The value of an option that must be there. */
export function requiredOption(options: CollectedOptions, name: string): string {
  const value = options.value(name);
  if (value === undefined) throw usageError(`--${name} is missing`, name);
  return value;
}

/** A whole number of at least `minimum`; undefined when the option is not given. */
export function countOption(options: CollectedOptions, name: string, minimum: number): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= minimum)) throw usageError(`--${name} must be a whole number of at least ${minimum}`, name);
  return count;
}

/** Seconds, decimals allowed, as milliseconds; undefined when the option is not given. */
export function secondsOption(options: CollectedOptions, name: string): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) throw usageError(`--${name} must be a number of seconds, 0 or more`, name);
  return Math.round(seconds * 1000);
}

/** One of a closed list of words; undefined when the option is not given. */
export function choiceOption<const T extends string>(
  options: CollectedOptions,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw usageError(`--${name} must be ${inWords(choices)}`, name);
  return choice;
}
