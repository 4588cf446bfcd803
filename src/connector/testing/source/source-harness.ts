import type { ProcessingGuarantee } from '../../processing-guarantee.js';
import type { SourceDefinition } from '../../source.js';
import type { Until } from '../until.js';

/** One source with its origin (a broker, an array), for one case. */
export interface SourceFixture<T> {
  /** May be opened several times, one after the other; a source that redelivers continues from its origin's memory. */
  readonly source: SourceDefinition<T>;
  /** Makes the next `count` items arrive. Where all items exist from the start it does nothing. */
  produce(count: number): Promise<void> | void;
  /** The place of an item in the order of production, from 0. */
  sequenceOf(item: T): number;
  /** How many items the origin knows to be acknowledged. */
  acknowledged?(): number | Promise<number>;
  /** Makes the open source fail for good. */
  fail?(): void | Promise<void>;
  /** Ends everything that `start` began. */
  stop(): Promise<void> | void;
}

/** The published limits of a source: a case that one rules out is skipped, with the limit. */
export interface SourceLimits {
  /** Why it does not give again, after a reopening, what was not committed. Absent: it does. */
  readonly redelivery?: string;
  /** Why the origin cannot tell what is acknowledged. Absent: it can, and the fixture has `acknowledged`. */
  readonly acknowledgement?: string;
  /** Why it cannot fail. Absent: it can, and the fixture has `fail`. */
  readonly failure?: string;
  /** Why it cannot be in a job with a store. Absent: it can. */
  readonly durable?: string;
  /** Why it is only at-least-once in a job with a store. Absent: it is exactly-once. */
  readonly once?: string;
  /** Why there is always something to poll. Absent: it comes to rest. */
  readonly rest?: string;
}

/** How to make a source, and its published limits. */
export interface SourceHarness<T> {
  /** `items`: how many items the case produces in all. */
  start(items: number): Promise<SourceFixture<T>>;
  /** Empty for a source that has none. */
  readonly limits: SourceLimits;
  /** Milliseconds that a case waits for what must come; the whole case may take twice that. Default 30,000. */
  readonly patienceMs?: number;
}

/** What a case works with. */
export interface SourceScene<T> {
  /** Made by the harness, for this case alone. */
  readonly fixture: SourceFixture<T>;
  /** Those of the harness: a case asks less where one says so. */
  readonly limits: SourceLimits;
  /** Waits as long as the patience of the harness. */
  readonly until: Until;
}

/** One case, before it has a fixture. */
export interface SourceScenario<T> {
  /** That of its `ContractCase`. */
  readonly name: string;
  /** How many it lets the fixture produce in all: what `SourceHarness.start` is told. */
  readonly items: number;
  /** The limit that rules it out; absent where none does. */
  readonly skip?: string | undefined;
  /** Rejects where the rule does not hold. It closes what it opens. */
  readonly run: (scene: SourceScene<T>) => Promise<void>;
}

/** What a source with these limits promises in a job with a store. */
export const durableGuarantee = ({ once }: SourceLimits): ProcessingGuarantee =>
  once === undefined ? 'exactly-once' : 'at-least-once';
