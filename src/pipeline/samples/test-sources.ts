import { defineSource } from '../../connector/define-source.js';
import type { OpenContext } from '../../connector/open-context.js';
import type { Source } from '../../connector/source.js';
import type { SourceReader } from '../../connector/source-reader.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { isCount } from '../../internal/is-count.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { shownValue } from '../../internal/options/option-checks.js';
import { checkFunctions } from '../build/check-parts.js';
import { ItemStreamReader } from './item-stream-reader.js';
import { ItemsReader } from './items-reader.js';

/**
 * In a job with a store a restarted test source goes on behind the last commit, in any other it begins again at its first item. So it can
 * give every guarantee.
 */
const testSource = <T>(name: string, createReader: (start: number) => SourceReader<T>): Source<T> =>
  defineSource<T>({
    name,
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async ({ restored }: OpenContext) => createReader(restoredSequence(name, restored)),
  });

const items = <T>(...all: readonly T[]): Source<T> => testSource('items', (start) => new ItemsReader(all, start));

const itemStream = <T>(itemsPerSecond: number, createFn: (timestamp: number, sequence: number) => T): Source<T> => {
  if (!(itemsPerSecond > 0 && Number.isFinite(itemsPerSecond))) {
    throw new MillraceError('INVALID_OPTIONS', `itemsPerSecond must be above 0, not ${shownValue(itemsPerSecond)}`);
  }
  checkFunctions('TestSources.itemStream', { createFn });
  return testSource('itemStream', (start) => new ItemStreamReader({ perSecond: itemsPerSecond, start }, createFn));
};

/**
 * Sources for tests and for trying things out.
 * @namespace
 */
export const TestSources = frozenFunctions('TestSources', { items: Number.POSITIVE_INFINITY, itemStream: 2 })({
  /** Gives these items and ends; the job completes. A call takes some 100,000 arguments; what is to give more is `itemStream`, or a source of your own. */
  items,

  /**
   * Makes items at a steady rate without end. `createFn` gets the wall clock in milliseconds and the number of the item, from 0; in a job
   * with a store the numbers go on over restarts.
   * @throws MillraceError INVALID_OPTIONS for a rate that is not above 0
   */
  itemStream,
});

/** The number of the next item, as a test source stores it; 0 on a first start. @throws MillraceError STORE_CORRUPT */
const restoredSequence = (source: string, restored: unknown): number => {
  if (restored === undefined) return 0;
  if (isCount(restored)) return restored;
  throw new MillraceError('STORE_CORRUPT', `source "${source}": the stored state is not that of a test source`, {
    details: { source },
  });
};
