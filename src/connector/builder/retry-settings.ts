import type { OptionChecks } from '../../internal/options/check-options.js';
import { func } from '../../internal/options/option-checks.js';
import { retryStrategyCheck } from '../option-checks.js';
import { LASTING_RETRY } from '../retry/lasting-retry.js';
import type { RetryRules } from '../retry/retries.js';

/** Of a builder's source or sink that says nothing of retries. */
export const DEFAULT_RETRIES: RetryRules = { retryStrategy: LASTING_RETRY, classifyErrorFn: undefined };

/** As JavaScript may give anything. */
export const RETRY_CHECKS: OptionChecks<RetryRules> = { retryStrategy: retryStrategyCheck, classifyErrorFn: func };
