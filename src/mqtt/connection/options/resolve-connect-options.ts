import { randomBytes } from 'node:crypto';
import type { Metrics } from '../../../metrics/metrics.js';
import { LONGEST_3_1_CLIENT_ID } from '../../protocol/session/handshake/connect-packet.js';
import type { SessionPast } from '../identity/session-past.js';
import type { WantedSubscription } from '../subscriptions/wanted-subscription.js';
import { checkConnectOptions } from './connect-checks.js';
import type { ConnectOptions, Credentials } from './connect-options.js';
import type { MqttConnectionOptions, WebSocketSettings } from './mqtt-connection-options.js';
import type { OnSessionLoss } from './on-session-loss.js';
import { MAX_PACKET_SIZE } from './option-bounds.js';
import { OptionProblems } from './option-problems.js';
import { resolveAuthentication } from './resolve-authentication.js';
import { resolveCredentials } from './resolve-credentials.js';
import { resolveTls } from './resolve-tls.js';
import { resolveWill } from './resolve-will.js';
import { isSecure, resolveServers } from './servers/resolve-servers.js';
import { resolveUserProperties } from './user-properties.js';

/** How long a 5.0 broker keeps a session that is to outlive cuts but not the process. */
const RECONNECT_EXPIRY_SECONDS = 300;
const KEPT_EXPIRY_SECONDS = 604_800;
const DEFAULT_KEEP_ALIVE = 60;
/** AWS IoT Core takes 8 filters in one SUBSCRIBE, and no broker known takes fewer. They are written together, so it costs no round trip. */
const SUBSCRIBE_BATCH = 8;
/** Unless half of keep-alive is less. */
const PING_TIMEOUT_MS = 10_000;

/** What a source or sink knows of its connection. All that is undefined was not said. */
export interface ConnectInput {
  /** For events, metrics and errors. */
  readonly name: string;
  /** Default `tcp://localhost:1883`. */
  readonly broker: string | undefined;
  /** The user's, unchecked. */
  readonly options: ConnectOptions;
  /** `auth()` of a builder. */
  readonly auth?: Credentials | undefined;
  /** `clientId()` of a builder. Without any: a random one. */
  readonly clientId?: string | undefined;
  /** `keepSession()` of a builder; undefined: as `clean` of the options says. */
  readonly keepSession: boolean | undefined;
  /** `autoReconnect()` of a builder. */
  readonly autoReconnect?: boolean | undefined;
  /** This and what follows: as in `MqttConnectionOptions`. */
  readonly startClean: boolean;
  /** Empty for a sink. */
  readonly subscriptions: readonly WantedSubscription[];
  /** As in `MqttConnectionOptions`; default none. */
  readonly formerFilters?: readonly string[] | undefined;
  /** A grant below what was asked for is fatal. */
  readonly refuseLowerQos: boolean;
  /** Default false. */
  readonly refuseQos0?: boolean | undefined;
  /** What follows where the broker has no session and we have state. */
  readonly onSessionLoss: OnSessionLoss;
  /** Default false. */
  readonly requireQos2?: boolean | undefined;
  /** Default false. */
  readonly requireKeptSession?: boolean | undefined;
  /** Known when it is opened; a source or sink that resolves its options earlier adds it then. */
  readonly past?: SessionPast | undefined;
  /** Where the connection counts. */
  readonly metrics: Metrics;
  /** Of its metrics. */
  readonly labels: Readonly<Record<string, string>>;
}

/** `options` when there is no problem. */
export interface ResolvedConnect {
  /** Undefined where there is a problem. */
  readonly options: MqttConnectionOptions | undefined;
  /** All at once, each a sentence without secrets. */
  readonly problems: readonly string[];
}

/**
 * The user's connect options as the connection wants them: the one place where defaults are applied and bounds and
 * contradictions are checked. Finds all problems, not the first. No problem repeats a secret.
 */
export function resolveConnectOptions(input: ConnectInput): ResolvedConnect {
  const checked = checkConnectOptions(input.options);
  return resolveChecked({ ...input, options: checked.options }, new OptionProblems(checked.problems));
}

/** Each option is of its type and within its own bounds by now: what is left is what they mean together. */
function resolveChecked(input: ConnectInput, problems: OptionProblems): ResolvedConnect {
  const { options, name, startClean, subscriptions, refuseLowerQos, onSessionLoss, metrics, labels } = input;
  const { servers, credentials: url } = resolveServers(input.broker, options, problems);
  const several = options.servers !== undefined || options.followServerReference === true;
  if (options.serversShareSessions !== undefined && !several) {
    problems.add('serversShareSessions says something of servers, which are not given');
  }
  const resolved: MqttConnectionOptions = {
    name,
    startClean,
    subscriptions,
    formerFilters: input.formerFilters ?? [],
    refuseLowerQos,
    ...(input.refuseQos0 === true && { refuseQos0: true }),
    onSessionLoss,
    requireQos2: input.requireQos2 ?? false,
    requireKeptSession: input.requireKeptSession ?? false,
    past: input.past,
    metrics,
    labels,
    servers,
    serversShareSessions: options.serversShareSessions ?? false,
    followServerReference: options.followServerReference ?? false,
    ...resolveIdentity(input, problems),
    ...resolveProtocol(options, problems),
    ...resolveTimes(options, problems),
    ...resolveReconnect(input, problems),
    ...resolveCredentials({ url, auth: input.auth, options }, problems),
    authentication: resolveAuthentication(options, problems),
    will: resolveWill(options.will, options.protocolVersion, problems),
    tls: resolveTls(options, servers.some(isSecure), problems),
    webSocket: resolveWebSocket(options.wsOptions),
  };
  return { options: problems.list.length === 0 ? resolved : undefined, problems: problems.list };
}

/** Whose session it is, and how long it lives. Builder and options may both say it, when they agree. */
function resolveIdentity(
  { options, clientId: fromBuilder, keepSession: asked }: ConnectInput,
  problems: OptionProblems,
): Pick<MqttConnectionOptions, 'clientId' | 'keepSession' | 'sessionExpiryInterval'> {
  if (fromBuilder !== undefined && options.clientId !== undefined && fromBuilder !== options.clientId) {
    problems.add(`clientId is given twice: "${fromBuilder}" and, in the connect options, "${options.clientId}"`);
  }
  const clientId = problems.text('clientId', fromBuilder ?? options.clientId);
  if (options.protocolVersion === 3 && clientId !== undefined && clientId.length > LONGEST_3_1_CLIENT_ID) {
    problems.add(`clientId is longer than ${LONGEST_3_1_CLIENT_ID} characters, which MQTT 3.1 does not allow`);
  }
  const clean = options.clean ?? asked !== true;
  if (asked !== undefined && asked === clean) {
    problems.add(asked ? 'keepSession contradicts clean: true' : 'a session that is not kept contradicts clean: false');
  }
  const keepSession = asked ?? !clean;
  if (keepSession && (clientId === undefined || clientId === '')) {
    problems.add('a kept session needs a clientId: the broker finds the session by it after a restart');
  }
  const fallback = keepSession ? KEPT_EXPIRY_SECONDS : RECONNECT_EXPIRY_SECONDS;
  const expiry = options.properties?.sessionExpiryInterval ?? fallback;
  if (keepSession && expiry === 0)
    problems.add('properties.sessionExpiryInterval 0 ends the session that is to be kept');
  return { clientId: clientId || randomClientId(), keepSession, sessionExpiryInterval: expiry };
}

/** Within what every broker must accept: 23 letters and digits [MQTT-3.1.3-5]. */
function randomClientId(): string {
  return `millrace${randomBytes(8).toString('hex')}`.slice(0, LONGEST_3_1_CLIENT_ID);
}

/** What our CONNECT says, and what we bear with. `maxInflight` stays open where it is not given: its default goes by the version. */
function resolveProtocol(
  options: ConnectOptions,
  problems: OptionProblems,
): Pick<
  MqttConnectionOptions,
  | 'version'
  | 'keepAlive'
  | 'receiveMaximum'
  | 'maximumPacketSize'
  | 'topicAliasMaximum'
  | 'maxProperties'
  | 'refuseControlCharacters'
  | 'maxInflight'
  | 'subscribeBatchSize'
  | 'requestResponseInformation'
  | 'requestProblemInformation'
  | 'userProperties'
> {
  const { protocolVersion: version, properties } = options;
  // our own bound on what we take, at any version
  const { maximumPacketSize: _, ...others } = properties ?? {};
  if (version !== undefined && version < 5 && Object.values(others).some((value) => value !== undefined)) {
    problems.add('properties is for protocolVersion 5 only, but for maximumPacketSize');
  }
  return {
    // no other version has an AUTH packet
    version: options.authentication === undefined ? version : 5,
    keepAlive: options.keepalive ?? DEFAULT_KEEP_ALIVE,
    receiveMaximum: properties?.receiveMaximum ?? 1000,
    maximumPacketSize: properties?.maximumPacketSize ?? MAX_PACKET_SIZE,
    topicAliasMaximum: properties?.topicAliasMaximum ?? 0,
    maxProperties: options.maxProperties ?? 1000,
    refuseControlCharacters: options.refuseControlCharacters ?? false,
    maxInflight: options.maxInflight,
    subscribeBatchSize: options.subscribeBatchSize ?? SUBSCRIBE_BATCH,
    requestResponseInformation: properties?.requestResponseInformation,
    requestProblemInformation: properties?.requestProblemInformation,
    userProperties: resolveUserProperties('properties.userProperties', properties?.userProperties, problems),
  };
}

function resolveTimes(
  options: ConnectOptions,
  problems: OptionProblems,
): Pick<
  MqttConnectionOptions,
  'connectTimeoutMs' | 'connackTimeoutMs' | 'pingrespTimeoutMs' | 'writeTimeoutMs' | 'ackTimeoutMs'
> {
  const halfKeepAliveMs = (options.keepalive || DEFAULT_KEEP_ALIVE) * 500;
  const pingrespTimeoutMs = options.pingTimeout ?? Math.min(PING_TIMEOUT_MS, halfKeepAliveMs);
  if (pingrespTimeoutMs > Math.max(halfKeepAliveMs, PING_TIMEOUT_MS)) {
    problems.add(`pingTimeout must not be more than half of keepalive, nor than ${PING_TIMEOUT_MS} where that is more`);
  }
  return {
    connectTimeoutMs: options.connectTimeout ?? 30_000,
    connackTimeoutMs: options.connackTimeout ?? 30_000,
    pingrespTimeoutMs,
    writeTimeoutMs: options.writeTimeout ?? 30_000,
    ackTimeoutMs: options.ackTimeout ?? 60_000,
  };
}

/** A first wait above the default of the longest raises that; a longest one that is given must not be below. */
function resolveReconnect(
  { options, autoReconnect: fromBuilder }: ConnectInput,
  problems: OptionProblems,
): Pick<MqttConnectionOptions, 'autoReconnect' | 'reconnectPeriodMs' | 'maxReconnectPeriodMs' | 'refusalTimeoutMs'> {
  if (fromBuilder !== undefined && options.autoReconnect !== undefined && fromBuilder !== options.autoReconnect) {
    problems.add('autoReconnect is given twice with different values');
  }
  const autoReconnect = fromBuilder ?? options.autoReconnect ?? true;
  if (!autoReconnect && (options.reconnectPeriod !== undefined || options.maxReconnectPeriod !== undefined)) {
    problems.add('reconnectPeriod and maxReconnectPeriod have no effect with autoReconnect false');
  }
  const first = options.reconnectPeriod ?? 1000;
  const most = options.maxReconnectPeriod ?? Math.max(first, 30_000);
  if (most < first) problems.add('maxReconnectPeriod must not be less than reconnectPeriod');
  const refusalTimeoutMs = options.refusalTimeout ?? Number.POSITIVE_INFINITY;
  return { autoReconnect, reconnectPeriodMs: first, maxReconnectPeriodMs: most, refusalTimeoutMs };
}

function resolveWebSocket(wsOptions: ConnectOptions['wsOptions']): WebSocketSettings {
  return { headers: wsOptions?.headers ?? {}, protocol: wsOptions?.protocol ?? 'mqtt' };
}
