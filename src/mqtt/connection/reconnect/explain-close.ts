import { MillraceError } from '../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';

/** What was unanswered when the server closed. */
export type Unanswered =
  | { readonly packet: 'CONNECT'; readonly version: ProtocolVersion; readonly secure: boolean }
  | { readonly packet: 'SUBSCRIBE'; readonly filters: number };

/** A close says nothing of its reason; what it came in answer to does. Other errors stay as they are. */
export function explainClose(error: MillraceError, unanswered: Unanswered | undefined): MillraceError {
  if (error.code !== 'CONNECTION_LOST' || unanswered === undefined) return error;
  const { text, advice } = unanswered.packet === 'CONNECT' ? ofConnect(unanswered) : ofSubscribe(unanswered.filters);
  return new MillraceError(error.code, `${error.message} ${text}`, {
    cause: error.cause,
    advice,
    details: { ...error.details, unanswered: unanswered.packet },
  });
}

interface Words {
  readonly text: string;
  readonly advice: string;
}

/** A port for TLS closes on what is no TLS, often without a word. */
const ofConnect = ({ version, secure }: Extract<Unanswered, { packet: 'CONNECT' }>): Words => ({
  text: 'before it answered CONNECT',
  advice: [
    'The broker behind this port may be away.',
    ...(secure ? [] : ['Or the port speaks TLS: then use mqtts:// (or wss://).']),
    ...(version === 5 ? ['Or the broker is so old that it closes on MQTT 5.0: then ask for protocolVersion 4.'] : []),
  ].join(' '),
});

const ofSubscribe = (filters: number): Words => ({
  text: `before it answered the SUBSCRIBE of ${filters} ${filters === 1 ? 'filter' : 'filters'}`,
  advice: 'If it does so each time, it does not take this subscription: fewer filters, or other ones.',
});

/** What a broker means that closes at each SUBSCRIBE, and keeps a connection on which there is none. */
export const closedAtSubscribe = (filters: number): MillraceError => {
  const what = filters === 1 ? 'the filter' : `the ${filters} filters`;
  return new MillraceError('SUBSCRIPTION_REFUSED', `the broker closes each connection at the SUBSCRIBE of ${what}`, {
    advice:
      'It does not take this subscription: see its log; fewer filters, other ones, or a smaller subscribeBatchSize.',
    details: { filters },
  });
};
