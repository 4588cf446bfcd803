import { closestName } from './closest-name.js';
import { notOptions } from './not-options.js';
import type { OptionCheck } from './option-checks.js';

/** More names are no help. */
const MOST_LISTED = 20;

/** A check for each option of a type: the compiler misses one that has none. */
export type OptionChecks<O> = { readonly [Name in keyof O]-?: OptionCheck };

/** Where else a name may belong that is not among the options: it is said in the hint. */
export interface OtherOptions {
  /** As the end of a sentence: `of connectOptionsFn`. */
  readonly place: string;
  /** Looked through only where none of the own options is near. */
  readonly names: readonly string[];
}

/** What a user gave as options. */
export interface CheckedOptions<O> {
  /** What of it is right; where there are problems it may lack what it must have. */
  readonly options: O;
  /** All of them, each a sentence that names the option. */
  readonly problems: readonly string[];
}

/**
 * Checks options from outside, where JavaScript may give anything: refuses names that there are not, with the nearest right one, and
 * values of a wrong type. `undefined` stands for "not said". What options mean together is for their owner to check: it gets those that
 * are right, so that all problems are told at once.
 * @param whose for the sentences: `the job`
 */
export const checkOptions = <O extends object>(
  whose: string,
  given: unknown,
  checks: OptionChecks<O>,
  others?: OtherOptions,
): CheckedOptions<O> => {
  const problem = notOptions(whose, given);
  if (problem !== undefined) return { options: Object.create(null), problems: [problem] };
  const entries = Object.entries(Object(given)).map(([name, value]) => ({
    name,
    value,
    problems: problemsOf({ name, path: name, of: `${whose} has` }, value, checks, others),
  }));
  const right = entries.filter(({ problems }) => problems.length === 0).map(({ name, value }) => [name, value]);
  // each of them is one of O's, and of its type
  const options = Object.fromEntries(right) as O;
  return { options, problems: entries.flatMap(({ problems }) => problems) };
};

/** A check for an object in an option: its members are options too, named behind it (`will.topic`). */
export const options =
  <O extends object>(checks: OptionChecks<O>): OptionCheck =>
  (value, path) =>
    isOptions(value)
      ? Object.entries(value).flatMap(([name, member]) =>
          problemsOf({ name, path: `${path}.${name}`, of: 'there is' }, member, checks),
        )
      : [`${path} must be an object`];

/** An option as it is named where it is given, and in sentences. */
interface Named {
  readonly name: string;
  readonly path: string;
  /** How a sentence begins that says that it is unknown. */
  readonly of: string;
}

const problemsOf = (
  option: Named,
  value: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
  others?: OtherOptions,
): readonly string[] => {
  const check = Object.hasOwn(checks, option.name) ? checks[option.name] : undefined;
  if (check === undefined) return [unknownName(option, Object.keys(checks), others)];
  return value === undefined ? [] : check(value, option.path);
};

const unknownName = ({ name, path, of }: Named, names: readonly string[], others?: OtherOptions): string => {
  const said = `${of} no option "${path}"`;
  const closest = closestName(name, names);
  if (closest !== undefined) return `${said}, did you mean "${path.slice(0, -name.length)}${closest}"?`;
  const elsewhere = others && closestName(name, others.names);
  if (elsewhere !== undefined) return `${said}, did you mean "${elsewhere}" ${others?.place}?`;
  return names.length > MOST_LISTED ? said : `${said}; there are ${names.join(', ')}`;
};

const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
