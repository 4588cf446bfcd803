import { MillraceError } from '../../../../errors/millrace-error.js';

/** The error of the policy `fail` (R6). */
export const sessionUnknown = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_UNKNOWN',
    `the broker has, or may have, a session of "${clientId}" of which this store knows nothing`,
    {
      advice:
        "If its store is lost, restore it. Else choose another client id, or onUnknownSession 'discard' (what the broker keeps for it is thrown away) or 'adopt' (it is taken over).",
      details: { clientId },
    },
  );
