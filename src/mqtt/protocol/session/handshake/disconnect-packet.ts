import type { MillraceError } from '../../../../errors/index.js';
import { invalidMessage } from '../../codec/protocol-error.js';
import type { DisconnectPacket } from '../../packet.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import type { ConnectRequest } from '../session-options.js';

const IMPLEMENTATION_ERROR = 0x83;

/** What a DISCONNECT is to say: the reason code and the properties exist from 5.0 on and are left out below. */
export type Farewell = Omit<DisconnectPacket, 'type'>;

/** The DISCONNECT of the owner. Throws INVALID_MESSAGE for an expiry where CONNECT asked for none [MQTT-3.1.2.11.2]. */
export function disconnectPacket(request: ConnectRequest, { reasonCode, properties }: Farewell): DisconnectPacket {
  const expiry = properties?.sessionExpiryInterval;
  if (expiry !== undefined && expiry > 0 && request.sessionExpiryInterval === 0) {
    throw invalidMessage('DISCONNECT cannot give a session an expiry that CONNECT did not ask for [MQTT-3.1.2.11.2]');
  }
  if (request.version < 5) return { type: 'disconnect', reasonCode: 0 };
  return { type: 'disconnect', reasonCode, ...(properties && { properties }) };
}

/** The DISCONNECT that tells a 5.0 server what it did wrong [MQTT-4.13.1-1]: 0x83 where the error has no code that a client may send. */
export function disconnectForError({ reasonCode = IMPLEMENTATION_ERROR }: MillraceError): DisconnectPacket {
  const allowed = isReasonCodeAllowed('disconnect', reasonCode, 'client');
  return { type: 'disconnect', reasonCode: allowed ? reasonCode : IMPLEMENTATION_ERROR };
}
