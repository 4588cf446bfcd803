import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import type { OpenContext } from '../open-context.js';
import { whenAborted } from '../standalone/standalone-context.js';
import { destroyUnasked } from './destroy-context.js';

/** The ends of a builder's context. */
interface ContextFunctions<C> {
  create(context: OpenContext): C | PromiseLike<C>;
  destroy?(context: C): void | PromiseLike<void>;
}

/**
 * Calls `createFn`. One that hangs must not keep the job from ending: it is waited for until the signal aborts, and what it
 * makes later is destroyed. Rejects with ABORTED then, else with what it throws.
 */
export const createContext = async <C>(
  part: string,
  functions: ContextFunctions<C>,
  context: OpenContext,
): Promise<C> => {
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
    making.then(
      (made) => destroyUnasked(part, functions, made),
      () => {},
    );
    throw error;
  } finally {
    stopListening();
  }
};
