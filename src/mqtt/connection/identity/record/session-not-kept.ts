import { MillraceError } from '../../../../errors/millrace-error.js';

/** The error for a broker that lets go of a session which it has just granted (R5e). `held`: a subscription was to hold it, and was granted. */
export const sessionNotKept = (clientId: string, held: boolean): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `the broker does not keep the session of "${clientId}" from one connection to the next, and exactly-once needs one that outlives it`,
    {
      advice: `${held ? '' : 'Let this client subscribe to millrace/session/#: some brokers keep a session for its subscriptions only. '}Use a broker that keeps the sessions of its clients, or processingGuarantee 'at-least-once'; or choose what becomes of messages in doubt at each loss: onSessionLoss 'redeliver' or 'drop'.`,
      details: { clientId },
    },
  );
