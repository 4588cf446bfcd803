import { MillraceError } from '../../../../errors/index.js';
import type { ConnectPacket } from '../../packet.js';
import type { Properties } from '../../properties.js';
import { LARGEST_PACKET } from '../server-limits.js';
import type { ConnectRequest, SessionOptions } from '../session-options.js';

const DEFAULT_RECEIVE_MAXIMUM = 65_535;
/** Characters of a client id in MQTT 3.1. */
export const LONGEST_3_1_CLIENT_ID = 23;

/** The CONNECT of a request. Throws INVALID_OPTIONS for a client id that the version cannot have. */
export function connectPacket(request: ConnectRequest, clientId: string, options: SessionOptions): ConnectPacket {
  checkClientId(request, clientId);
  const { version, clean, keepAlive, username, password, will } = request;
  return {
    type: 'connect',
    version,
    clientId,
    clean,
    keepAlive,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will }),
    ...(version === 5 ? { properties: connectProperties(request, options) } : {}),
  };
}

/** Only what differs from the defaults of the specification. */
function connectProperties(request: ConnectRequest, options: SessionOptions): Properties {
  const { sessionExpiryInterval, requestResponseInformation, requestProblemInformation, userProperties } = request;
  const { receiveMaximum, maximumPacketSize, topicAliasMaximum } = options;
  const { method, data } = request.authentication ?? {};
  return {
    ...(sessionExpiryInterval === 0 ? {} : { sessionExpiryInterval }),
    ...(receiveMaximum >= DEFAULT_RECEIVE_MAXIMUM ? {} : { receiveMaximum }),
    ...(maximumPacketSize >= LARGEST_PACKET ? {} : { maximumPacketSize }),
    ...(topicAliasMaximum === 0 ? {} : { topicAliasMaximum }),
    ...(requestResponseInformation === undefined ? {} : { requestResponseInformation }),
    ...(requestProblemInformation === undefined ? {} : { requestProblemInformation }),
    ...(userProperties === undefined ? {} : { userProperties }),
    ...(method === undefined ? {} : { authenticationMethod: method }),
    ...(data === undefined ? {} : { authenticationData: data }),
  };
}

/** 5.0 takes an empty one for any session, and assigns one [MQTT-3.1.3-6]. */
function checkClientId({ version, clean }: ConnectRequest, clientId: string): void {
  const characters = Array.from(clientId).length;
  if (version === 3 && (characters < 1 || characters > LONGEST_3_1_CLIENT_ID)) {
    throw invalidClientId('MQTT 3.1 needs a client id of 1 to 23 characters', clientId);
  }
  if (version === 4 && characters === 0 && !clean) {
    throw invalidClientId('An empty client id needs a clean session in MQTT 3.1.1 [MQTT-3.1.3-7]', clientId);
  }
}

function invalidClientId(message: string, clientId: string): MillraceError {
  return new MillraceError('INVALID_OPTIONS', message, { details: { clientId }, advice: 'Choose another client id.' });
}
