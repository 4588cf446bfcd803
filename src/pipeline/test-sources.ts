import { defineSource } from '../connector/define-source.js';
import type { Source } from '../connector/open-source.js';
import type { OpenContext, SourceReader } from '../connector/source.js';
import { MillraceError } from '../errors/millrace-error.js';
import { ItemStreamReader } from './item-stream-reader.js';
import { ItemsReader } from './items-reader.js';

/** A restarted test source begins again at its first item, so nothing is ever lost: at-least-once. */
const testSource = <T>(name: string, createReader: (context: OpenContext) => SourceReader<T>): Source<T> =>
  defineSource<T>({
    name,
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async (context) => createReader(context),
  });

/** Gives these items and ends; the job completes. */
const items = <T>(...all: readonly T[]): Source<T> => testSource('items', () => new ItemsReader(all));

/**
 * Makes items at a steady rate without end. `createFn` gets the wall clock in milliseconds and the number of the item, from 0.
 * @throws MillraceError INVALID_OPTIONS for a rate that is not above 0
 */
const itemStream = <T>(itemsPerSecond: number, createFn: (timestamp: number, sequence: number) => T): Source<T> => {
  if (!(itemsPerSecond > 0 && Number.isFinite(itemsPerSecond))) {
    throw new MillraceError('INVALID_OPTIONS', `itemsPerSecond must be above 0, not ${itemsPerSecond}`);
  }
  return testSource('itemStream', () => new ItemStreamReader(itemsPerSecond, createFn));
};

/** Sources for tests and for trying things out. */
export const TestSources = Object.freeze({ items, itemStream });
