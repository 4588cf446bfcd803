import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { withMethods } from '../../internal/options/option-checks.js';

/** Of options that take a codec. */
export const stateCodec = withMethods('a codec of StateCodecs, or one of your own', 'encode', 'decode');

/**
 * Checks the options of a stage where it is added.
 * @param stage its kind: `mapAsync`
 * @throws MillraceError INVALID_OPTIONS with all problems at once
 */
export const checkStageOptions = <O extends object>(stage: string, given: O, checks: OptionChecks<O>): void => {
  const { problems } = checkOptions(stage, given, checks);
  if (problems.length > 0) throw invalidOptions(stage, problems);
};
