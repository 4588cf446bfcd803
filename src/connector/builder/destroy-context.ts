import { MillraceError } from '../../errors/millrace-error.js';
import { withinMs } from '../../internal/waiting/within-ms.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';

/** How long `destroyFn` is waited for: one that never settles must not keep a job from ending. */
export const DESTROY_WAIT_MS = 5_000;

/** The end of a builder's context. */
export interface DestroyFunction<C> {
  /** `destroyFn`; absent: nothing is to be released. */
  destroy?(context: C): void | PromiseLike<void>;
}

/**
 * Calls `destroyFn` and waits for it, five seconds at most. Rejects with a USER_FUNCTION_FAILED of `part` when it throws, with a
 * TIMEOUT when it does not settle; what it does later is nobody's any more.
 */
export const destroyContext = async <C>(part: string, functions: DestroyFunction<C>, context: C): Promise<void> => {
  // in an async function, so that one which throws at once rejects as well
  const destroying = (async () => functions.destroy?.(context))();
  try {
    await withinMs(destroying, DESTROY_WAIT_MS, () => notSettled(part));
  } catch (error) {
    throw MillraceError.from(error, 'USER_FUNCTION_FAILED', `destroyFn of ${part}`);
  }
};

/** The same where nobody waits for it: a failure is told as `millrace:close-failed`. Never rejects. */
export const destroyUnasked = async <C>(part: string, functions: DestroyFunction<C>, context: C): Promise<void> => {
  try {
    await destroyContext(part, functions, context);
  } catch (error) {
    publishDiagnostic('close-failed', { part, error: MillraceError.from(error).toJSON() });
  }
};

/** What `making` gives comes too late to be used by anybody, and is destroyed. */
export const destroyWhenMade = <C>(part: string, functions: DestroyFunction<C>, making: Promise<C>): void => {
  making.then(
    (late) => destroyUnasked(part, functions, late),
    () => {},
  );
};

const notSettled = (part: string): MillraceError =>
  new MillraceError('TIMEOUT', `destroyFn of ${part} has not settled within ${DESTROY_WAIT_MS / 1000} s`, {
    advice: 'What it was to release may still be held: let it end, or give up after a time of its own.',
    details: { part },
  });
