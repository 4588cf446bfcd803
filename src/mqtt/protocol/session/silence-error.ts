import { MillraceError } from '../../../errors/index.js';
import type { Silence } from './session-timers.js';

/** TIMEOUT: our own side did not answer the server's AUTH. */
export function unansweredError(): MillraceError {
  return new MillraceError('TIMEOUT', 'The authentication was not answered by us in time', {
    details: { awaited: 'authentication' },
    advice: 'See why the `authentication` of the connect options takes so long; raise `connackTimeout` if it must.',
  });
}

/** TIMEOUT: the server did not send what it owes. */
export function silenceError(silence: Silence): MillraceError {
  return new MillraceError('TIMEOUT', `The broker sent no ${silence} in time`, {
    details: { awaited: silence },
    advice: 'See whether the broker and the network are alive; raise the timeout if they are only slow.',
  });
}
