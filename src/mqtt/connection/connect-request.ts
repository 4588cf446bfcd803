import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { ConnectRequest, SessionOptions } from '../protocol/session/session-options.js';
import type { Login } from './login.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';

/** `maxInflight` when the user names none: 3.x gives no signal of what a server takes, and some cut at more than 20. */
const MAX_INFLIGHT = { 5: 1000, 4: 20, 3: 20 } as const;

/** Messages that we have in flight at most on a connection of this version; a server's Receive Maximum may lower it. */
export function maxInflightOf(
  { maxInflight }: Pick<MqttConnectionOptions, 'maxInflight'>,
  version: ProtocolVersion,
): number {
  return maxInflight ?? MAX_INFLIGHT[version];
}

/** What differs from one CONNECT to the next. */
export interface ConnectFacts {
  /** Below 5.0 what only a 5.0 CONNECT can ask for is left out. */
  readonly version: ProtocolVersion;
  /** Only of a discard and of a control connection: the session that is used never begins clean (see `discardSession`). */
  readonly clean: boolean;
  /** Of this connection alone: an exchange of `authentication` serves one. */
  readonly login: Login;
  /** The session is at another server (R5b). */
  readonly elsewhere: boolean;
  /** A present session may be an empty one (R5a), and is to be verified. */
  readonly unverified: boolean;
}

/** The options of the session for its whole life. */
export function sessionOptions(options: MqttConnectionOptions): SessionOptions {
  return {
    clientId: options.clientId,
    maxInflight: maxInflightOf(options, 5),
    maximumPacketSize: options.maximumPacketSize,
    receiveMaximum: options.receiveMaximum,
    topicAliasMaximum: options.topicAliasMaximum,
    maxProperties: options.maxProperties,
    tolerance: { refuseControlCharacters: options.refuseControlCharacters },
    connackTimeoutMs: options.connackTimeoutMs,
    pingrespTimeoutMs: options.pingrespTimeoutMs,
    ackTimeoutMs: options.ackTimeoutMs,
  };
}

function passwordBytes(password: string | Uint8Array): Uint8Array {
  return typeof password === 'string' ? new TextEncoder().encode(password) : password;
}

/** The CONNECT to send. */
export function connectRequest(options: MqttConnectionOptions, facts: ConnectFacts): ConnectRequest {
  const { credentials, authentication } = facts.login;
  const { username, password } = credentials;
  return {
    version: facts.version,
    clean: facts.clean,
    elsewhere: facts.elsewhere,
    unproven: facts.unverified,
    maxInflight: maxInflightOf(options, facts.version),
    keepAlive: options.keepAlive,
    sessionExpiryInterval: options.sessionExpiryInterval,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: passwordBytes(password) }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(options.will === undefined ? {} : { will: options.will }),
    ...(facts.version === 5 ? extras(options) : {}),
  };
}

function extras(
  options: MqttConnectionOptions,
): Pick<ConnectRequest, 'requestResponseInformation' | 'requestProblemInformation' | 'userProperties'> {
  const { requestResponseInformation, requestProblemInformation, userProperties } = options;
  return {
    ...(requestResponseInformation === undefined ? {} : { requestResponseInformation }),
    ...(requestProblemInformation === undefined ? {} : { requestProblemInformation }),
    ...(userProperties === undefined ? {} : { userProperties }),
  };
}
