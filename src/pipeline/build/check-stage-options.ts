import { onErrorCheck } from '../../connector/option-checks.js';
import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { withMethods } from '../../internal/options/option-checks.js';
import type { StageOptions } from '../stage-options.js';
import type { Fallible } from '../vertex.js';

/** Of options that take a codec. */
export const stateCodec = withMethods('a codec of StateCodecs, or one of your own', 'encode', 'decode');

/** Of every stage with a function. */
export const STAGE: OptionChecks<StageOptions> = { onError: onErrorCheck };

/**
 * Checks the options of a stage where it is added.
 * @param stage its kind: `mapAsync`
 * @throws MillraceError INVALID_OPTIONS with all problems at once
 */
export const checkStageOptions = <O extends object>(stage: string, given: O, checks: OptionChecks<O>): void => {
  const { problems } = checkOptions(stage, given, checks);
  if (problems.length > 0) throw invalidOptions(stage, problems);
};

/** The options of a stage that has no others. @throws MillraceError INVALID_OPTIONS */
export const resolveStage = (stage: string, given: StageOptions): Fallible => {
  checkStageOptions(stage, given, STAGE);
  return { onError: given.onError ?? 'fail' };
};
