import type { OptionChecks } from '../../internal/options/check-options.js';
import { func } from '../../internal/options/option-checks.js';
import { retryStrategyCheck } from '../option-checks.js';
import { IntervalFunctions } from '../retry/interval-functions.js';
import type { RetryRules } from '../retry/retries.js';
import { RetryStrategies } from '../retry/retry-strategies.js';

/** For ever, 100 ms after the first failure, then twice as long each time, up to 10 s: it outlasts the restart of a database. */
export const DEFAULT_RETRIES: RetryRules = {
  retryStrategy: RetryStrategies.custom()
    .intervalFunction(IntervalFunctions.exponentialBackoffWithCap(100, 2, 10_000))
    .build(),
  classifyErrorFn: undefined,
};

/** As JavaScript may give anything. */
export const RETRY_CHECKS: OptionChecks<RetryRules> = { retryStrategy: retryStrategyCheck, classifyErrorFn: func };
