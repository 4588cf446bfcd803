import { MillraceError } from '../../../../errors/index.js';
import type { ProtocolVersion } from '../../protocol-version.js';
import type { Silence } from './session-timers.js';

/** TIMEOUT: our own side did not answer the server's AUTH. */
export function unansweredError(): MillraceError {
  return new MillraceError('TIMEOUT', 'The authentication was not answered by us in time', {
    details: { awaited: 'authentication' },
    advice:
      'See why the `authentication` of the connect options takes so long; raise `connectTimeout` (for `start`) or `connackTimeout` if it must.',
  });
}

/** A message that the server has not acknowledged. */
export interface OwedMessage {
  /** Named in the error. */
  readonly topic: string;
  /** For the log of the broker. */
  readonly packetId: number;
  /** 1 or 2. */
  readonly qos: number;
}

const SLOW = 'See whether the broker and the network are alive; raise the timeout if they are only slow.';
/** There are servers that hang on what they do not know. */
const OLDER = 'A broker that knows no MQTT 5.0 may not answer it: then ask for protocolVersion 4.';

/** TIMEOUT: the server did not send what it owes. `owed`: the oldest message of ours that it has not acknowledged. */
export function silenceError(silence: Silence, version: ProtocolVersion, owed: OwedMessage | undefined): MillraceError {
  const message = silence === 'acknowledgement' ? owed : undefined;
  const which =
    message === undefined
      ? ''
      : ` of the message to "${message.topic}" (packet id ${message.packetId}, QoS ${message.qos})`;
  return new MillraceError('TIMEOUT', `The broker sent no ${silence}${which} in time`, {
    details: { awaited: silence, ...message },
    advice: silence === 'CONNACK' && version === 5 ? `${SLOW} ${OLDER}` : SLOW,
  });
}
