import { nameOfAggregate } from './aggregates/named-aggregates.js';

/**
 * Whose form the states of a stage have that are not those of windows. With nothing set: that of the functions of the user, whichever stage
 * calls them.
 */
export interface StateForm {
  /** The stage, where it makes the states itself: `distinct`. */
  readonly stage?: string;
  /** The aggregate that makes them, where it is one of ours. */
  readonly aggregate?: string;
}

/** Accumulators of an operation of the user's own are the user's own states. */
export const aggregateForm = (operation: object): StateForm => {
  const aggregate = nameOfAggregate(operation);
  return aggregate === undefined ? {} : { aggregate };
};

/** In words. */
export const formText = ({ stage, aggregate }: StateForm): string => {
  if (aggregate !== undefined) return `rollingAggregate by ${aggregate}`;
  return stage ?? 'functions of your own';
};

/** Undefined is that of timers, and of what a version has stored that did not note it. */
export const isSameForm = (one: StateForm | undefined, other: StateForm | undefined): boolean =>
  (one === undefined) === (other === undefined) && one?.stage === other?.stage && one?.aggregate === other?.aggregate;
