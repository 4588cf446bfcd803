import assert from 'node:assert/strict';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { openReader } from '../../guards/guarded-reader.js';
import type { OpenContext } from '../../open-context.js';
import type { SourceReader } from '../../source-reader.js';
import type { SourceFixture, SourceScene } from './source-harness.js';

/** Opens the source of a case, behind the door that an engine puts there: a breach of a rule fails the case by name. */
export const open = <T>({ source }: SourceFixture<T>, context: Partial<OpenContext> = {}): Promise<SourceReader<T>> => {
  const whole: OpenContext = {
    job: 'contract',
    guarantee: source.defaultGuarantee,
    metrics: new MetricsRegistry(),
    signal: new AbortController().signal,
    ...context,
  };
  return openReader(source.name, () => source.createReader(whole));
};

/** A case over an open reader, which it closes. */
export const withReader =
  <T>(run: (scene: SourceScene<T>, reader: SourceReader<T>) => Promise<void>) =>
  async (scene: SourceScene<T>): Promise<void> => {
    const reader = await open(scene.fixture);
    try {
      await run(scene, reader);
    } finally {
      await reader.close();
    }
  };

/** What was polled. */
export interface Taken {
  /** The fixture's number of each item, in the order in which they came. */
  readonly sequences: number[];
  /** Position of each item. */
  readonly positions: number[];
  /** The highest position that was consumed; NaN before the first. */
  last: number;
}

export const commit = (reader: SourceReader<unknown>, upTo: number): void =>
  reader.committed(reader.snapshot(upTo).mark);

/** The position of the item with this number among those taken. */
export const positionOf = ({ positions }: Taken, index: number): number => {
  const position = positions[index];
  assert.ok(position !== undefined, `item ${index} was not taken`);
  return position;
};

/** Polls until `count` items are there, checking that no position is left out. */
export const take = async <T>(
  fixture: SourceFixture<T>,
  reader: SourceReader<T>,
  options: { readonly count: number; readonly max?: number; readonly commitEach?: boolean; readonly before?: Taken },
): Promise<Taken> => {
  const { count, max = 256, commitEach = false } = options;
  const taken: Taken = { sequences: [], positions: [], last: options.before?.last ?? Number.NaN };
  while (taken.sequences.length < count) {
    const polled = reader.poll(Math.min(max, count - taken.sequences.length));
    if (!Number.isNaN(taken.last)) assert.equal(polled.first, taken.last + 1, 'positions continue without a gap');
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
