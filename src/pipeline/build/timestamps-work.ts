import type { OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import type { OptionCheck } from '../../internal/options/option-checks.js';
import { func, mustShown } from '../../internal/options/option-checks.js';
import type { IngestionOptions, TimestampOptions } from '../timestamp-options.js';
import type { TimestampsWork } from '../vertex.js';
import { checkStageOptions, STAGE } from './check-stage-options.js';

const IDLE_TIMEOUT_MS = 60_000;
const MAX_FUTURE_MS = 24 * 60 * 60_000;

/** Of 0 a stream would be idle behind each of its items, and hold nobody back. */
const idleTimeout: OptionCheck = mustShown(
  'a number of milliseconds from 1, or Infinity',
  (value) => typeof value === 'number' && value >= 1,
);
const timeSpan: OptionCheck = mustShown(
  'a number of milliseconds from 0, or Infinity',
  (value) => typeof value === 'number' && value >= 0,
);
const lag: OptionCheck = mustShown(
  'a number of milliseconds from 0',
  (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value),
);

const INGESTION: OptionChecks<IngestionOptions> = { idleTimeoutMs: idleTimeout };
const TIMESTAMPS: OptionChecks<TimestampOptions> = { ...STAGE, ...INGESTION, maxFutureMs: timeSpan };

/** Of a stage that takes the time from the item. @throws MillraceError INVALID_OPTIONS */
export const timestampsWork = <T>(
  timestampFn: (item: T) => number,
  allowedLagMs: number,
  options: TimestampOptions = {},
): TimestampsWork => {
  const problems = [...func(timestampFn, 'timestampFn'), ...lag(allowedLagMs, 'allowedLagMs')];
  if (problems.length > 0) throw invalidOptions('withTimestamps', problems);
  checkStageOptions('withTimestamps', options, TIMESTAMPS);
  const { idleTimeoutMs = IDLE_TIMEOUT_MS, maxFutureMs = MAX_FUTURE_MS, onError = 'fail' } = options;
  return { kind: 'timestamps', timestampOf: timestampFn, allowedLagMs, idleTimeoutMs, maxFutureMs, onError };
};

/** Of one that takes the time of the poll. @throws MillraceError INVALID_OPTIONS */
export const ingestionWork = (options: IngestionOptions = {}): TimestampsWork => {
  checkStageOptions('withIngestionTimestamps', options, INGESTION);
  const { idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  return { kind: 'timestamps', allowedLagMs: 0, idleTimeoutMs, maxFutureMs: Number.POSITIVE_INFINITY, onError: 'fail' };
};
