import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { abortSignal, flag } from '../../internal/options/option-checks.js';
import type { Metrics } from '../../metrics/metrics.js';
import { metricsPort } from '../../metrics/metrics-check.js';

/** How a source or sink is opened without an engine. */
export interface OpenOptions {
  /** Aborts opening, and closes what is open with the error ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Where it counts. Default: a registry that nobody sees. */
  readonly metrics?: Metrics | undefined;
  /**
   * Whether it says as warnings of the process that it is not connected for a while, and what weakens it, as a job does
   * (`EngineOptions.warnings`). Default true.
   */
  readonly warnings?: boolean | undefined;
}

const OPEN: OptionChecks<OpenOptions> = { signal: abortSignal, metrics: metricsPort, warnings: flag };

/** @throws MillraceError INVALID_OPTIONS */
export const checkOpenOptions = (what: string, given: OpenOptions): OpenOptions => {
  const { options, problems } = checkOptions('open()', given, OPEN);
  if (problems.length > 0) throw invalidOptions(what, problems);
  return options;
};
