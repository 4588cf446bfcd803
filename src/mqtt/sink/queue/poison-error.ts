import { MillraceError } from '../../../errors/millrace-error.js';
import type { Row } from '../message/row.js';
import { POISON_ENDS } from './poison-search.js';
import { isRetryableRefusal, refusalAdvice } from './refusal.js';

/** The error of a message at which the broker ends connections (R20a): PUBLISH_REFUSED, with the code of its DISCONNECT where there is one. */
export const poisonError = ({ topic, payload }: Row, cause: MillraceError | undefined): MillraceError => {
  const { reasonCode } = cause ?? {};
  const text = `the broker ended ${POISON_ENDS} connections in a row at a message of ${payload.length} bytes to topic "${topic}", while nothing else was unanswered`;
  return new MillraceError('PUBLISH_REFUSED', cause === undefined ? text : `${text}: ${cause.message}`, {
    cause,
    retryable: reasonCode !== undefined && isRetryableRefusal(reasonCode),
    advice:
      (reasonCode === undefined ? undefined : refusalAdvice(reasonCode)) ??
      'The broker does not take this topic or this size, or does not let this client publish to it: see its log.',
    details: { topic, payloadBytes: payload.length },
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
};
