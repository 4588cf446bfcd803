import type { ServerLimits } from '../../../../mqtt/protocol/session/session-event.js';
import { isSharedFilter } from '../../../../mqtt/protocol/topic.js';
import type { Probed } from '../../../client/probe-broker.js';
import type { PlannedRoute } from '../plan/bridge-plan.js';
import type { Finding } from './finding.js';

const VERSIONS = { 5: 'MQTT 5.0', 4: 'MQTT 3.1.1', 3: 'MQTT 3.1' } as const;
/** Below it throughput goes by round trips. */
const SMALL_WINDOW = 100;
/** What a broker takes that names no limit. */
const ANY_SIZE = 268_435_460;

type Judged = Pick<Finding, 'level' | 'check' | 'message'>;

/** What the answers of a broker mean for a route. @param asked the seconds for which a session is to be kept */
export function judgeEnd(
  { options }: PlannedRoute,
  end: 'from' | 'to',
  { probed, asked }: { readonly probed: Probed; readonly asked: number },
): readonly Judged[] {
  const { connected, error } = probed;
  if (connected === undefined) {
    const why = error?.code === 'ABORTED' ? 'no answer within 10 s' : (error?.message ?? 'it did not connect');
    return [{ level: 'problem', check: 'connect', message: why }];
  }
  const { version, limits } = connected;
  return [
    { level: 'ok', check: 'connect', message: `connected, ${VERSIONS[version]}` },
    ...olderVersion(version),
    ...(end === 'from' ? reading(options, probed, connected) : publishing(options, limits)),
    ...(end === 'from' || options.guarantee === 'exactly-once'
      ? kept(options, limits.sessionExpiryInterval, asked)
      : []),
  ];
}

function olderVersion(version: 5 | 4 | 3): readonly Judged[] {
  if (version === 5) return [];
  const message =
    'below 5.0 there are no properties, retain flags come only with stored messages, and a session cannot be verified';
  return [{ level: 'warning', check: 'version', message }];
}

function reading(
  { filters, guarantee, qos }: PlannedRoute['options'],
  { granted, error }: Probed,
  connected: NonNullable<Probed['connected']>,
): readonly Judged[] {
  if (error !== undefined) return [{ level: 'problem', check: 'subscribe', message: error.message }];
  const lower = granted.filter((one) => one.granted < qos);
  return [
    ...sharing(filters.filter(isSharedFilter), connected),
    ...lower.map(
      (one): Judged => ({
        level:
          guarantee === 'exactly-once' || (guarantee === 'at-least-once' && one.granted === 0) ? 'problem' : 'warning',
        check: 'qos',
        message: `${one.filter} is granted QoS ${one.granted}, not ${qos}`,
      }),
    ),
    ...(granted.length === 0 || lower.length > 0
      ? []
      : [
          {
            level: 'ok',
            check: 'subscribe',
            message: `may subscribe to ${granted.map(({ filter }) => filter).join(', ')}`,
          } as const,
        ]),
  ];
}

/** Not tried: messages of the group would come here. */
function sharing(shared: readonly string[], { version, limits }: NonNullable<Probed['connected']>): readonly Judged[] {
  if (shared.length === 0) return [];
  const names = shared.join(', ');
  if (!limits.sharedSubscriptionAvailable)
    return [{ level: 'problem', check: 'subscribe', message: `it has no shared subscriptions: ${names}` }];
  if (version < 5) {
    const message = `below 5.0 many brokers take a shared filter for a topic of that name, from which nothing comes: ${names}`;
    return [{ level: 'warning', check: 'subscribe', message }];
  }
  const message = `shared filters are not tried, for messages of the group would come here: ${names}`;
  return [{ level: 'unknown', check: 'subscribe', message }];
}

/** What becomes of messages above it. */
const higherQos = (guarantee: PlannedRoute['options']['guarantee'], { maximumQoS }: ServerLimits): string =>
  guarantee === 'exactly-once' ? 'exactly-once is refused' : `qos: ${maximumQoS}, or messages above it go to onError`;

function publishing({ guarantee, qos, retain }: PlannedRoute['options'], limits: ServerLimits): readonly Judged[] {
  const found: Judged[] = [];
  if (limits.maximumQoS < qos)
    found.push({
      level: guarantee === 'exactly-once' ? 'problem' : 'warning',
      check: 'qos',
      message: `it takes at most QoS ${limits.maximumQoS}: ${higherQos(guarantee, limits)}`,
    });
  if (retain && !limits.retainAvailable)
    found.push({
      level: 'warning',
      check: 'retain',
      message: 'it keeps no retained messages: retain: false, or they are refused',
    });
  if (limits.maximumPacketSize < ANY_SIZE)
    found.push({
      level: 'warning',
      check: 'size',
      message: `it takes at most ${limits.maximumPacketSize} bytes: a larger message goes to onError`,
    });
  if (limits.receiveMaximum < SMALL_WINDOW)
    found.push({
      level: 'warning',
      check: 'window',
      message: `it takes ${limits.receiveMaximum} messages at a time: it goes no faster than that many for each round trip`,
    });
  const message = 'whether it lets us publish there is known at the first message';
  return [...found, { level: 'unknown', check: 'publish', message }];
}

function kept({ guarantee }: PlannedRoute['options'], seconds: number | undefined, asked: number): readonly Judged[] {
  if (guarantee === 'none') return [];
  if (seconds === undefined)
    return [{ level: 'unknown', check: 'session', message: 'how long it keeps a session it cannot say below 5.0' }];
  if (seconds === 0)
    return [
      { level: 'problem', check: 'session', message: 'it keeps no session: what comes while we are away is lost' },
    ];
  return seconds < asked
    ? [
        {
          level: 'warning',
          check: 'session',
          message: `it keeps a session for ${seconds} s: longer outages lose messages`,
        },
      ]
    : [{ level: 'ok', check: 'session', message: `it keeps a session for ${seconds} s` }];
}
