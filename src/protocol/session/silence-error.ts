import { MillraceError } from '../../errors/index.js';
import type { Silence } from './session-timers.js';

/** TIMEOUT: the server did not send what it owes. */
export function silenceError(silence: Silence): MillraceError {
  return new MillraceError('TIMEOUT', `The broker sent no ${silence} in time`, {
    details: { awaited: silence },
    advice: 'See whether the broker and the network are alive; raise the timeout if they are only slow.',
  });
}
