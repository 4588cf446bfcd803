import { nameOfAggregate } from '../aggregates/named-aggregates.js';
import type { WindowShape } from './window-definition.js';

/** Which windows a stage keeps: what is stored of others is of no use to it. */
export interface KeptWindows {
  /** As `lengthsOf` has them. */
  readonly lengths: readonly number[];
  /** Of the aggregate, where it is one of ours. */
  readonly aggregate?: string;
  /** Whether each key has its own. Not stored by versions that did not note it. */
  readonly keyed?: boolean;
}

/** What a shape is stored as: a session may get another timeout, since each has its end. */
export const lengthsOf = (shape: WindowShape): readonly number[] =>
  shape.kind === 'session' ? [0] : [shape.slide, shape.size / shape.slide];

export const keptWindows = (shape: WindowShape, operation: object, keyed: boolean): KeptWindows => {
  const aggregate = nameOfAggregate(operation);
  return { lengths: lengthsOf(shape), ...(aggregate !== undefined && { aggregate }), keyed };
};

/** In words. */
export const lengthsText = ([slide = 0, slides = 1]: readonly number[]): string => {
  if (slide === 0) return 'sessions';
  return slides === 1 ? `windows of ${slide} ms` : `windows of ${slide * slides} ms that slide by ${slide} ms`;
};

/** In words, with the aggregate. */
export const windowsText = ({ lengths, aggregate = 'an operation of your own', keyed }: KeptWindows): string =>
  `${lengthsText(lengths)}${keyed === false ? ' without keys' : ''}, aggregated by ${aggregate}`;

/** Whether the one can go on with the state of the other, but for the aggregate. */
export const isSameShape = (one: KeptWindows | undefined, other: KeptWindows | undefined): boolean =>
  one?.lengths.join() === other?.lengths.join() && (one?.keyed ?? other?.keyed) === (other?.keyed ?? one?.keyed);

export const isSameWindows = (one: KeptWindows | undefined, other: KeptWindows | undefined): boolean =>
  isSameShape(one, other) && one?.aggregate === other?.aggregate && one?.keyed === other?.keyed;
