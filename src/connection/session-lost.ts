import { MillraceError } from '../errors/millrace-error.js';

/** The error of the policy `fail` (R17). */
export const sessionLost = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_LOST',
    `the session of "${clientId}" is lost: the broker does not have it, or this is another broker`,
    {
      advice:
        "Decide what becomes of messages in doubt: onSessionLoss 'redeliver' sends them again, 'drop' gives them up.",
      details: { clientId },
    },
  );
