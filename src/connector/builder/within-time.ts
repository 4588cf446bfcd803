import { MillraceError } from '../../errors/millrace-error.js';
import { withinMs } from '../../internal/waiting/within-ms.js';

/**
 * Waits for a call for so long. Rejects with TIMEOUT behind it, which may pass, or with what the call rejects with; what it comes to
 * later is nobody's. Infinity: as long as it takes. A function cannot be stopped: it may still do what it was asked for, which is why its
 * context is dropped with it.
 * @param what for the error: `receiveFn of sink "rows"`
 */
export const withinTime = async <R>(call: PromiseLike<R>, what: string, timeoutMs: number): Promise<R> => {
  if (timeoutMs === Number.POSITIVE_INFINITY) return call;
  return withinMs(call, timeoutMs, () => tooLong(what, timeoutMs));
};

const tooLong = (what: string, timeoutMs: number): MillraceError =>
  new MillraceError('TIMEOUT', `${what} has not settled within ${timeoutMs} ms`, {
    advice: 'Give it more time (timeoutMs); what it calls may stand still.',
    details: { timeoutMs },
  });
