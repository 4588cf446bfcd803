import { ONLY_PARTITION, type PartitionOf } from '../../../connector/open-context.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import type { Metrics } from '../../../metrics/metrics.js';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { sessionClaims } from '../../connection/identity/session-claims.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { renewOptions } from '../../connection/options/renew-options.js';
import { type ResolvedConnect, resolveConnectOptions } from '../../connection/options/resolve-connect-options.js';
import type { MqttSinkOptions } from './mqtt-sink-options.js';

/** The clients of a sink. */
export interface ResolvedClients {
  /** What the client ids have in common; undefined when they are random or given by a function. */
  readonly baseId: string | undefined;
  /** The client ids are the same in every process. */
  readonly named: boolean;
  /** The client ids at their brokers; none when they are random. */
  readonly claims: readonly string[];
  /** Those of `build()`; `connectOptionsFn` is asked again at each connect. @throws MillraceError INVALID_OPTIONS */
  connections(
    metrics: Metrics,
    name: string,
    session: SinkSession,
    partition?: PartitionOf,
  ): readonly MqttConnectionOptions[];
  /** `claims` of the clients of a partition, which are counted on from those of the one before. */
  claimsOf(partition: PartitionOf): readonly string[];
  /** With problems the rest means nothing. */
  readonly problems: readonly string[];
  /** Why no session can be kept over the life of a process. */
  readonly keepingProblems: readonly string[];
}

/** What a sink wants of its sessions. */
export interface SinkSession {
  /** The job has a store. Without stored state the first CONNECT of a process is clean (R8b). */
  readonly stored: boolean;
  /** What becomes of what was sent and not confirmed (R5, R17). */
  readonly onSessionLoss: MqttConnectionOptions['onSessionLoss'];
  /** A broker without QoS 2 is refused. */
  readonly requireQos2: boolean;
  /** A broker that does not keep the session over a cut is refused. */
  readonly requireKeptSession: boolean;
}

/** Without a store there is nothing but the session to lose, and what it holds can still be sent, whatever the guarantee. */
export const VOLATILE_SESSION: SinkSession = {
  stored: false,
  onSessionLoss: 'redeliver',
  requireQos2: false,
  requireKeptSession: false,
};

const STORED_SESSION: SinkSession = {
  stored: true,
  onSessionLoss: 'fail',
  requireQos2: true,
  requireKeptSession: true,
};

type Steps = Pick<
  MqttSinkOptions<never>,
  'broker' | 'clientId' | 'auth' | 'autoReconnect' | 'keepSession' | 'connectOptionsFn' | 'parallelism'
>;

/** The clients as the steps of the builder say, checked as they are now. */
export const resolveClients = (steps: Steps): ResolvedClients => {
  const nobody = { metrics: new MetricsRegistry(), name: 'sink' };
  const asked = askOptions(steps.connectOptionsFn);
  const checked = resolveNow(steps, asked, { ...nobody, session: VOLATILE_SESSION, partition: ONLY_PARTITION });
  const kept = resolveNow(steps, asked, { ...nobody, session: STORED_SESSION, partition: ONLY_PARTITION });
  return {
    baseId: checked.baseId,
    named: checked.named,
    claims: checked.claims,
    problems: checked.problems,
    keepingProblems: steps.keepSession === false ? ['keepSession is false'] : kept.problems,
    claimsOf: (partition) => resolveNow(steps, asked, { ...nobody, session: VOLATILE_SESSION, partition }).claims,
    connections: (metrics, name, session, partition = ONLY_PARTITION) => {
      const purpose = { metrics, name, session, partition };
      const { problems, options } = resolveNow(steps, asked, purpose);
      if (problems.length > 0) throw invalidOptions(`MQTT sink "${name}"`, problems);
      return options.map((one, index) => renewing(steps, asked, { ...purpose, clientId: one.clientId, index, one }));
    },
  };
};

interface ResolvedNow extends Pick<ResolvedClients, 'baseId' | 'named' | 'claims' | 'problems'> {
  readonly options: readonly MqttConnectionOptions[];
}

/** For whom and what it is resolved. */
interface Purpose {
  readonly metrics: Metrics;
  readonly name: string;
  readonly session: SinkSession;
  readonly partition: PartitionOf;
}

const resolveNow = (steps: Steps, asked: ConnectOptions | string, purpose: Purpose): ResolvedNow => {
  const { parallelism = 1 } = steps;
  if (typeof asked === 'string') return { baseId: undefined, named: false, claims: [], options: [], problems: [asked] };
  const { clientId: askedId, ...rest } = asked;
  const ids = clientIds(steps.clientId ?? askedId, { from: purpose.partition.index * parallelism, parallelism });
  const resolved = ids.all.map((clientId, index) => resolveOne({ steps, rest, clientId, index, ...purpose }));
  const options = resolved.flatMap((one) => one.options ?? []);
  return {
    baseId: ids.baseId,
    named: !ids.random,
    claims: ids.random ? [] : options.flatMap(({ servers, clientId }) => sessionClaims(servers, clientId)),
    options,
    problems: [
      ...new Set([...twice(steps.clientId, askedId), ...ids.problems, ...resolved.flatMap((one) => one.problems)]),
    ],
  };
};

interface Renewing extends Purpose {
  readonly clientId: string;
  readonly index: number;
  readonly one: MqttConnectionOptions;
}

/** What `connectOptionsFn` gave at `build()` is the client's; at each connect it is asked for what may be fresh. */
const renewing = (
  steps: Steps,
  asked: ConnectOptions | string,
  { one, ...client }: Renewing,
): MqttConnectionOptions => {
  const { connectOptionsFn: ask } = steps;
  if (ask === undefined || typeof asked === 'string') return one;
  const resolve = ({ clientId: _, ...rest }: ConnectOptions): ResolvedConnect => resolveOne({ ...client, steps, rest });
  return { ...one, renew: () => renewOptions({ what: `MQTT sink "${client.name}"`, asked, ask, resolve }) };
};

interface OneClient extends Purpose {
  readonly steps: Steps;
  readonly rest: ConnectOptions;
  readonly clientId: string | undefined;
  readonly index: number;
}

const resolveOne = ({ steps, rest, clientId, index, metrics, name, session }: OneClient): ResolvedConnect =>
  resolveConnectOptions({
    name: `${name}-${index}`,
    broker: steps.broker,
    options: rest,
    auth: steps.auth,
    clientId,
    keepSession: session.stored ? true : steps.keepSession,
    autoReconnect: steps.autoReconnect,
    startClean: !session.stored,
    subscriptions: [],
    refuseLowerQos: false,
    requireQos2: session.requireQos2,
    requireKeptSession: session.requireKeptSession,
    onSessionLoss: session.onSessionLoss,
    metrics,
    labels: { sink: name, client: String(index) },
  });

const askOptions = (connectOptionsFn: Steps['connectOptionsFn']): ConnectOptions | string => {
  if (connectOptionsFn === undefined) return {};
  try {
    const options = connectOptionsFn();
    return typeof options === 'object' && options !== null ? options : 'connectOptionsFn must return an object';
  } catch (error) {
    return `connectOptionsFn threw: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const twice = (step: Steps['clientId'], option: string | undefined): string[] =>
  step === undefined || option === undefined || step === option
    ? []
    : ['clientId is given twice: by the step and by connectOptionsFn'];

interface ClientIds {
  readonly baseId: string | undefined;
  readonly random: boolean;
  readonly all: readonly (string | undefined)[];
  readonly problems: readonly string[];
}

interface Indices {
  /** The first of them: clients are counted over all partitions. */
  readonly from: number;
  readonly parallelism: number;
}

const clientIds = (given: Steps['clientId'], { from, parallelism }: Indices): ClientIds => {
  const indices = Array.from({ length: parallelism }, (_, index) => from + index);
  if (given === undefined) {
    return { baseId: undefined, random: true, all: indices.map(() => undefined), problems: [] };
  }
  if (typeof given !== 'function') {
    const problems = given === '' ? ['clientId is empty: leave it out for a random one'] : [];
    return { baseId: given, random: false, all: indices.map((index) => `${given}-${index}`), problems };
  }
  return { baseId: undefined, random: false, ...calledIds(given, indices) };
};

const calledIds = (
  clientId: (index: number) => string,
  indices: readonly number[],
): Pick<ClientIds, 'all' | 'problems'> => {
  try {
    const all = indices.map((index) => clientId(index));
    const problems = new Set(all).size === all.length ? [] : ['the clientId function gives two clients the same id'];
    return { all, problems: all.every((id) => typeof id === 'string' && id !== '') ? problems : [NO_ID] };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { all: indices.map(() => undefined), problems: [`the clientId function threw: ${text}`] };
  }
};

const NO_ID = 'the clientId function must return a string that is not empty';
