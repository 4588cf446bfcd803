import { invalidOptions } from '../../internal/options/invalid-options.js';
import { anObject, withMethods } from '../../internal/options/option-checks.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { checkArgument } from './given-values.js';
import { nameOfAggregate, withName } from './named-aggregates.js';

/** The accumulator of each, by its name. */
export type AllOfState = Record<string, unknown>;

const operation = withMethods('an aggregate', 'create', 'accumulate', 'export');

/** Any of them: their accumulators are for each to know. */
interface Part {
  readonly name: string;
  readonly operation: AggregateOperation<unknown, unknown, unknown>;
}

export const allOf = <T, R extends object>(
  operations: {
    readonly [Name in keyof R]: AggregateOperation<T, unknown, R[Name]>;
  },
): AggregateOperation<T, AllOfState, R> => {
  checkArgument('allOf', anObject, operations, 'operations');
  const problems = Object.entries(operations).flatMap(([name, given]) => operation(given, `operations.${name}`));
  if (problems.length > 0) throw invalidOptions('AggregateOperations.allOf', problems);
  const parts = Object.entries<AggregateOperation<never, unknown, unknown>>(operations).map(([name, given]) => ({
    name,
    operation: given,
  }));
  return withName<AggregateOperation<T, AllOfState, R>>(nameOf(parts), {
    create: () => each(parts, ({ operation }) => operation.create()),
    accumulate: (state, item) => each(parts, ({ name, operation }) => operation.accumulate(state[name], item)),
    ...mixOf(parts, 'combine'),
    ...mixOf(parts, 'deduct'),
    // each name of R is that of a part, whose result is R's
    export: (state) => each(parts, ({ name, operation }) => operation.export(state[name])) as R,
  });
};

/** None where a part has none. */
const nameOf = (parts: readonly Part[]): string | undefined => {
  const names = parts.map(({ name, operation }) => [name, nameOfAggregate(operation)] as const);
  if (names.some(([, of]) => of === undefined)) return undefined;
  return `allOf(${names.map(([name, of]) => `${name}: ${of}`).join(', ')})`;
};

const each = (parts: readonly Part[], of: (part: Part) => unknown): AllOfState =>
  Object.fromEntries(
    parts.map((part) => {
      const value = of(part);
      refusePromise(value, part.name);
      return [part.name, value];
    }),
  );

/** What one of them cannot do all together cannot. */
const mixOf = <Name extends 'combine' | 'deduct'>(parts: readonly Part[], name: Name) => {
  if (parts.some(({ operation }) => operation[name] === undefined)) return {};
  const mix = (state: AllOfState, other: AllOfState): AllOfState =>
    each(parts, (part) => part.operation[name]?.(state[part.name], other[part.name]));
  return { [name]: mix };
};
