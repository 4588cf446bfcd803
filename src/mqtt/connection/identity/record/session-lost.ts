import { MillraceError } from '../../../../errors/millrace-error.js';

/** The error of the policy `fail` (R17). `wentBack`: R5c. */
export const sessionLost = (clientId: string, wentBack = false): MillraceError =>
  wentBack ? sessionWentBack(clientId) : absent(clientId);

const absent = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_LOST',
    `the session of "${clientId}" is lost: the broker does not have it, or this is another broker`,
    {
      advice:
        "Decide what becomes of messages in doubt: onSessionLoss 'redeliver' sends them again, 'drop' gives them up.",
      details: { clientId },
    },
  );

const sessionWentBack = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_LOST',
    `the broker went back: what it has of the session of "${clientId}" is of an earlier time, as when a backup of it is restored`,
    {
      advice:
        "What it has queued it may have handed over before, and what it took since is gone. Decide: onSessionLoss 'redeliver' or 'drop' goes on with what it has; or bring back its newer state.",
      details: { clientId, wentBack: true },
    },
  );

/** Why a connection ends whose session an attempt of ours may have left, unless it is another's: it is thrown away before ours is made. */
export const discardingFound = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_LOST',
    `the broker has a session of "${clientId}" before ours is made: it is thrown away`,
    {
      retryable: true,
      details: { clientId },
    },
  );

/** Why a connection ends whose session is to be thrown away before the next one. */
export const discardingOld = (clientId: string): MillraceError =>
  new MillraceError('SESSION_LOST', `the session of "${clientId}" is of an earlier time: it is thrown away`, {
    retryable: true,
    details: { clientId, wentBack: true },
  });
