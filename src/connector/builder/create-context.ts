import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import type { OpenContext } from '../open-context.js';
import { type DestroyFunction, destroyWhenMade } from './destroy-context.js';

/** The ends of a builder's context. */
export interface EndFunctions<C> extends DestroyFunction<C> {
  /** `createFn`. */
  create(context: OpenContext): C | PromiseLike<C>;
}

/**
 * Calls `createFn`. One that hangs must not keep the job from ending: it is waited for until the signal aborts, and what it
 * makes later is destroyed. Rejects with ABORTED then, else with what it throws.
 */
export const createContext = async <C>(part: string, functions: EndFunctions<C>, context: OpenContext): Promise<C> => {
  const { signal } = context;
  const aborted = deferred<never>();
  // in an async function, so that one which throws at once rejects as well
  const making = (async () => functions.create(context))();
  const stopListening = whenAborted(signal, () =>
    aborted.reject(new MillraceError('ABORTED', `${part} was not opened: aborted`, { cause: signal.reason })),
  );
  try {
    return await Promise.race([making, aborted.promise]);
  } catch (error) {
    destroyWhenMade(part, functions, making);
    throw error;
  } finally {
    stopListening();
  }
};
