import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import { nameOfAggregate, withName } from '../aggregates/named-aggregates.js';
import { type AnyAggregate, checked, exported } from './accumulators.js';

/** What there is of each of two streams. */
export type BothSides<First, Second> = readonly [First, Second];

/** An item, and of which of two streams it is: 0 or 1. */
export interface SidedItem {
  readonly item: unknown;
  readonly side: number;
}

type Both = BothSides<unknown, unknown>;

/** Two aggregates, each over the items of its side. It combines and deducts where both do. */
export const bySide = (first: AnyAggregate, second: AnyAggregate): AggregateOperation<SidedItem, Both, Both> =>
  withName(nameOf(first, second), {
    create: () => [checked(first.create(), 'create'), checked(second.create(), 'create')],
    accumulate: ([one, other], { item, side }) =>
      side === 0
        ? [checked(first.accumulate(one, item), 'accumulate'), other]
        : [one, checked(second.accumulate(other, item), 'accumulate')],
    ...mixOf(first, second, 'combine'),
    ...mixOf(first, second, 'deduct'),
    export: ([one, other]) => [exported(first, one), exported(second, other)],
  });

/** None where one of them has none. */
const nameOf = (first: AnyAggregate, second: AnyAggregate): string | undefined => {
  const [one, other] = [nameOfAggregate(first), nameOfAggregate(second)];
  return one === undefined || other === undefined ? undefined : `${one} and ${other}`;
};

/** What one of them cannot do both together cannot. */
const mixOf = (first: AnyAggregate, second: AnyAggregate, name: 'combine' | 'deduct') => {
  if (first[name] === undefined || second[name] === undefined) return {};
  const mix = (all: Both, part: Both): Both => [
    checked(first[name]?.(all[0], part[0]), name),
    checked(second[name]?.(all[1], part[1]), name),
  ];
  return { [name]: mix };
};
