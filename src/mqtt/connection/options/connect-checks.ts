import {
  checkOptions,
  type OptionChecks,
  type OtherOptions,
  options,
} from '../../../internal/options/check-options.js';
import {
  anObject,
  anything,
  bytes,
  either,
  flag,
  func,
  LONGEST_TIMER_MS,
  listOf,
  must,
  mustShown,
  type OptionCheck,
  oneOf,
  text,
  textOrBytes,
  wholeNumber,
} from '../../../internal/options/option-checks.js';
import type { ConnectOptions, Credentials, Server, WillOptions } from './connect-options.js';
import { MAX_PACKET_SIZE, MAX_UINT32 } from './option-bounds.js';
import { isUserProperties } from './user-properties.js';

const ms = wholeNumber(1, LONGEST_TIMER_MS);
const uint16 = wholeNumber(0, 65_535);
const uint32 = wholeNumber(0, MAX_UINT32);
const userProperties: OptionCheck = must(
  'pairs of strings, or an object of strings and lists of strings',
  isUserProperties,
);

const SERVER: OptionChecks<Server> = {
  host: text,
  port: wholeNumber(1, 65_535),
  protocol: oneOf('mqtt', 'mqtts', 'ws', 'wss'),
};

const WILL: OptionChecks<WillOptions> = {
  topic: text,
  payload: textOrBytes,
  qos: wholeNumber(0, 2),
  retain: flag,
  properties: options<NonNullable<WillOptions['properties']>>({
    willDelayInterval: uint32,
    payloadFormatIndicator: flag,
    messageExpiryInterval: uint32,
    contentType: text,
    responseTopic: text,
    correlationData: bytes,
    userProperties,
  }),
};

/** `user` and `password` as a builder's `auth` and a provider give them. */
export const CREDENTIALS: OptionChecks<Credentials> = { username: text, password: textOrBytes };

/** All that `connectOptionsFn` may give. What the options mean together is checked where they are resolved. */
const CONNECT: OptionChecks<ConnectOptions> = {
  ...CREDENTIALS,
  clientId: text,
  protocolVersion: mustShown('5, 4 (3.1.1) or 3 (3.1)', (value) => value === 5 || value === 4 || value === 3),
  clean: flag,
  keepalive: uint16,
  credentials: func,
  authentication: anObject,
  connectTimeout: ms,
  connackTimeout: ms,
  pingTimeout: ms,
  writeTimeout: ms,
  ackTimeout: ms,
  maxProperties: wholeNumber(1, 100_000),
  refuseControlCharacters: flag,
  autoReconnect: flag,
  reconnectPeriod: ms,
  maxReconnectPeriod: ms,
  refusalTimeout: wholeNumber(0, LONGEST_TIMER_MS),
  maxInflight: wholeNumber(1, 59_999),
  subscribeBatchSize: wholeNumber(1, 1000),
  servers: listOf(options(SERVER)),
  serversShareSessions: flag,
  followServerReference: flag,
  will: options(WILL),
  properties: options<NonNullable<ConnectOptions['properties']>>({
    sessionExpiryInterval: uint32,
    receiveMaximum: wholeNumber(1, 65_535),
    maximumPacketSize: wholeNumber(128, MAX_PACKET_SIZE),
    topicAliasMaximum: uint16,
    requestResponseInformation: flag,
    requestProblemInformation: flag,
    userProperties,
  }),
  ca: either('PEM, or a list of it', textOrBytes, listOf(textOrBytes)),
  cert: textOrBytes,
  key: textOrBytes,
  passphrase: text,
  servername: text,
  ALPNProtocols: listOf(text),
  rejectUnauthorized: flag,
  minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
  path: text,
  wsOptions: options<NonNullable<ConnectOptions['wsOptions']>>({ headers: anything, protocol: text }),
};

/** For the hints of the builders: a name that is none of theirs is often one of these. */
export const CONNECT_NAMES: OtherOptions = { place: 'of connectOptionsFn', names: Object.keys(CONNECT) };

/** The user's connect options, of which nothing is known yet. */
export const checkConnectOptions = (given: ConnectOptions) => checkOptions('connectOptionsFn', given, CONNECT);
