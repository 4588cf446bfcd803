import { MillraceError } from '../../../errors/millrace-error.js';
import { reasonName } from '../../protocol/reason-code.js';

/** R20: a new publish of the same message may succeed later. */
const RETRYABLE: readonly number[] = [0x80, 0x83, 0x97];

/** What to do about the others [MQTT-3.4.2.1]. */
const ADVICE: Readonly<Record<number, string>> = {
  135: 'Allow the user to publish to this topic in the access control of the broker.',
  144: 'The broker does not take this topic name: choose another.',
  145: 'Another message has the same packet id at the broker: its session is not ours. Use another client id.',
  149: 'Make the message smaller or raise the limit of the broker.',
  153: 'The payload is not UTF-8 text as payloadFormatIndicator says.',
  154: 'The broker takes no retained messages: send it without retain.',
  155: 'The broker takes no messages of this QoS: send it at a lower one.',
};

/** What to do about a refusal with this code; undefined when the code does not say. */
export const refusalAdvice = (reasonCode: number): string | undefined => ADVICE[reasonCode];

/** Whether a refused message may be published again as a new one (R20). */
export const isRetryableRefusal = (reasonCode: number): boolean => RETRYABLE.includes(reasonCode);

/** The error of a refused message: PUBLISH_REFUSED, or ID_IN_USE for 0x91 (R9a). */
export const refusalError = (topic: string, reasonCode: number, reasonString: string | undefined): MillraceError => {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  const said = reasonString === undefined ? '' : `: ${reasonString}`;
  const message = `the broker refused a message to topic "${topic}": ${reasonName(reasonCode)} (${code})${said}`;
  return new MillraceError(reasonCode === 0x91 ? 'ID_IN_USE' : 'PUBLISH_REFUSED', message, {
    advice: ADVICE[reasonCode] ?? 'Give the sink a retryStrategy to publish the message again later.',
    reasonCode,
    retryable: isRetryableRefusal(reasonCode),
    details: { topic },
  });
};
