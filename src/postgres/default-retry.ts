import { IntervalFunctions } from '../connector/retry/interval-functions.js';
import { RetryStrategies } from '../connector/retry/retry-strategies.js';

/** Without end: a database that is away comes back, and meanwhile nothing is lost. */
export const DEFAULT_RETRY = RetryStrategies.custom()
  .intervalFunction(IntervalFunctions.exponentialBackoffWithCap(100, 2, 10_000))
  .build();
