import assert from 'node:assert/strict';
import type { ProcessingGuarantee, SourceDefinition, SourceReader } from '../../src/connector/index.js';

/** One source with its origin (a broker, an array), for one scenario. */
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

/** The published limits of a source: a scenario that one rules out is shown as skipped, with the limit. */
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

/** Adds one scenario of the contract, with a fixture of its own. */
export type AddScenario<T> = (
  title: string,
  items: number,
  options: { skip?: string | undefined; run: (fixture: SourceFixture<T>) => Promise<void> },
) => void;

export interface Taken {
  readonly sequences: number[];
  /** Position of each item. */
  readonly positions: number[];
  last: number;
}

export const commit = (reader: SourceReader<unknown>, upTo: number): void =>
  reader.committed(reader.snapshot(upTo).mark);

/** Polls until `count` items are there, checking every poll against the rules of SourceReader. */
export const take = async <T>(
  fixture: SourceFixture<T>,
  reader: SourceReader<T>,
  options: { count: number; max?: number; commitEach?: boolean; before?: Taken },
): Promise<Taken> => {
  const { count, max = 256, commitEach = false } = options;
  const taken: Taken = { sequences: [], positions: [], last: options.before?.last ?? Number.NaN };
  while (taken.sequences.length < count) {
    const polled = reader.poll(Math.min(max, count - taken.sequences.length));
    assert.ok(polled.items.length <= max, `poll(${max}) gave ${polled.items.length} items`);
    if (!Number.isNaN(taken.last)) assert.equal(polled.first, taken.last + 1, 'positions continue without a gap');
    assert.ok(polled.items.length <= polled.last - polled.first + 1, 'each item has a position of its own');
    if (polled.last >= polled.first) taken.last = polled.last;
    for (const [index, item] of polled.items.entries()) {
      taken.sequences.push(fixture.sequenceOf(item));
      taken.positions.push(polled.first + index);
    }
    if (commitEach) commit(reader, polled.last);
    if (polled.items.length === 0) {
      assert.ok(!polled.done, `the source ended after ${taken.sequences.length} of ${count} items`);
      await reader.ready();
    }
  }
  return taken;
};

export const upwards = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

/** What a source with these limits promises in a job with a store. */
export const durableGuarantee = ({ once }: SourceLimits): ProcessingGuarantee =>
  once === undefined ? 'exactly-once' : 'at-least-once';
