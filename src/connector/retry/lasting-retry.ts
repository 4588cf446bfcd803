import { IntervalFunctions } from './interval-functions.js';
import { RetryStrategies } from './retry-strategies.js';

/**
 * The default of whatever works with another system: for ever, 100 ms after the first failure, then twice as long each time, up to 10 s. A
 * database that is away comes back, and meanwhile nothing is lost.
 */
export const LASTING_RETRY = RetryStrategies.custom()
  .intervalFunction(IntervalFunctions.exponentialBackoffWithCap(100, 2, 10_000))
  .build();
