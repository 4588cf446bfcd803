import { MillraceError } from '../../errors/millrace-error.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { shownValue } from '../../internal/options/option-checks.js';
import type { IntervalFunction } from './retry-strategy.js';

const checkMs = (name: string, value: number): number => {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new MillraceError(
    'INVALID_OPTIONS',
    `${name} must be a finite number of milliseconds from 0, not ${shownValue(value)}`,
  );
};

const checkMultiplier = (value: number): number => {
  if (Number.isFinite(value) && value >= 1) return value;
  throw new MillraceError('INVALID_OPTIONS', `multiplier must be a finite number from 1, not ${shownValue(value)}`);
};

/**
 * Functions that say how long to wait before a retry, under Jet's names. Each throws INVALID_OPTIONS for values out of range.
 * @namespace
 */
export const IntervalFunctions = frozenFunctions('IntervalFunctions', {
  constant: 1,
  exponentialBackoff: 2,
  exponentialBackoffWithCap: 3,
})({
  /** Always the same. */
  constant: (intervalMs: number): IntervalFunction => {
    checkMs('intervalMs', intervalMs);
    return () => intervalMs;
  },

  /** `initialMs`, then each time `multiplier` times the last one. */
  exponentialBackoff: (initialMs: number, multiplier: number): IntervalFunction =>
    exponential(initialMs, multiplier, Number.POSITIVE_INFINITY),

  /** As `exponentialBackoff`, but never more than `capMs`. */
  exponentialBackoffWithCap: (initialMs: number, multiplier: number, capMs: number): IntervalFunction =>
    exponential(initialMs, multiplier, checkMs('capMs', capMs)),
});

const exponential = (initialMs: number, multiplier: number, capMs: number): IntervalFunction => {
  checkMs('initialMs', initialMs);
  checkMultiplier(multiplier);
  return (attempt) => Math.min(initialMs * multiplier ** (attempt - 1), capMs);
};
