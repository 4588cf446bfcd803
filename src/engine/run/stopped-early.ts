import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';

/** A graceful stop that has ended before everything was delivered, or with a store stored. */
export interface StoppedEarly {
  /** How long it has waited, in milliseconds: `drainTimeoutMs`. */
  readonly afterMs: number;
  /** Inputs that are not acknowledged. */
  readonly inFlight: number;
  /** What it has waited for: `stage "x"` whose calls have not settled, `sink "x"` that has not taken or delivered all. */
  readonly unfinished: readonly string[];
}

/** It in words, and what becomes of what is left. */
export const stoppedEarlyWords = (
  { afterMs, inFlight, unfinished }: StoppedEarly,
  guarantee: ProcessingGuarantee,
): { readonly text: string; readonly advice: string } => {
  const inputs = inFlight === 1 ? '1 input' : `${inFlight} inputs`;
  const whom = unfinished.length === 0 ? '' : `: it waited in vain for ${unfinished.join(', ')}`;
  const rest =
    guarantee === 'none'
      ? 'What is left is lost, as the guarantee none says.'
      : 'What is left was not acknowledged, and comes again.';
  return {
    text: `the graceful stop has ended after ${afterMs / 1000} s with ${inputs} in flight${whom}`,
    advice: `${rest} Bound the calls of mapAsync by timeoutMs, or give the stop more time: drainTimeoutMs.`,
  };
};
