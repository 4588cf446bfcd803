import { deferred } from '../deferred.js';
import { whenAborted } from './when-aborted.js';

/**
 * What a call comes to, or a rejection with the signal's reason when that aborts before. What it comes to after that is nobody's; its
 * rejection is no unhandled one.
 */
export const unlessAborted = async <R>(call: PromiseLike<R>, signal: AbortSignal): Promise<R> => {
  const aborted = deferred<never>();
  const stopListening = whenAborted(signal, () => aborted.reject(signal.reason));
  try {
    return await Promise.race([call, aborted.promise]);
  } finally {
    stopListening();
  }
};
