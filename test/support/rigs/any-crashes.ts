import { fc } from '../fast-check.js';
import type { Crash } from './crashing-runs.js';

const crash = fc.constantFrom<Crash>(undefined, undefined, 'before the commit', 'behind the commit');

/** What becomes of the process, round by round. */
export const anyCrashes = fc.array(crash, { maxLength: 30 });

const maxEntries = fc.constantFrom(0, 1, 100);

/** How many items are under way at once, and how many states are in memory. */
export const anyBounds = fc.record({ maxItemsInFlight: fc.constantFrom(1, 3, 50), maxEntries });

/** The same of few items in each round, so that time goes by between them. */
export const fewAtOnce = fc.record({ maxItemsInFlight: fc.constantFrom(1, 3), maxEntries });
