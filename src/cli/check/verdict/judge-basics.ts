import { errorWords } from '../../../internal/error-words.js';
import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';
import { LARGEST_PACKET } from '../../../mqtt/protocol/session/server-limits.js';
import type { ServerLimits } from '../../../mqtt/protocol/session/session-event.js';
import type { Probed } from '../../client/probe-broker.js';
import type { Judged } from './finding.js';
import { messagesOn, packetsOf, type Trace, textsOn } from './trace.js';

const VERSIONS = { 5: 'MQTT 5.0', 4: 'MQTT 3.1.1', 3: 'MQTT 3.1' } as const;
/** A window below this makes throughput go by round trips. */
const SMALL_WINDOW = 100;

/** What the answers to CONNECT and SUBSCRIBE mean. @param asked the seconds for which a session is to be kept */
export function judgeBasics(probed: Probed, version: ProtocolVersion, asked: number): readonly Judged[] {
  const { connected, granted, error } = probed;
  if (connected === undefined) {
    const message = `${VERSIONS[version]}: ${error?.code === 'ABORTED' ? 'no answer within 10 s' : errorWords(error?.message ?? 'no connection')}`;
    return [
      {
        level: 'problem',
        check: 'connect',
        message,
        ...(error?.advice === undefined ? {} : { follows: error.advice }),
      },
    ];
  }
  const found: Judged[] = [{ level: 'ok', check: 'connect', message: `takes ${VERSIONS[version]}` }];
  if (error !== undefined)
    found.push({
      level: 'problem',
      check: 'qos',
      message: `a topic of our own could not be subscribed to: ${error.message}`,
    });
  return [...found, ...judgeQos(connected.limits.maximumQoS, granted[0]?.granted), ...limits(connected.limits, asked)];
}

function judgeQos(maximum: number, granted: number | undefined): readonly Judged[] {
  if (granted === undefined) return [];
  const highest = Math.min(maximum, granted);
  if (highest === 2) return [{ level: 'ok', check: 'qos', message: 'takes and gives QoS 2' }];
  if (highest === 1)
    return [
      {
        level: 'warning',
        check: 'qos',
        message: maximum < 2 ? 'takes at most QoS 1' : 'gives at most QoS 1',
        follows: 'exactly-once is refused (GUARANTEE_UNSUPPORTED), but for reading with deduplicateBy',
      },
    ];
  return [{ level: 'problem', check: 'qos', message: 'QoS 0 alone', follows: 'only the guarantee none can be had' }];
}

function limits(said: ServerLimits, asked: number): readonly Judged[] {
  const warnings: (readonly [boolean, Judged['check'], string, string])[] = [
    [
      said.receiveMaximum < SMALL_WINDOW,
      'limits',
      `takes ${said.receiveMaximum} messages at a time (Receive Maximum)`,
      'publishing goes no faster than that many for each round trip: raise it',
    ],
    [
      said.maximumPacketSize < LARGEST_PACKET,
      'limits',
      `takes ${said.maximumPacketSize} bytes in one packet at most`,
      'a larger message is for --on-error, at once on 5.0',
    ],
    [!said.wildcardSubscriptionAvailable, 'limits', 'has no wildcards in filters', 'name each topic'],
  ];
  const found = warnings
    .filter(([isSo]) => isSo)
    .map(([, check, message, follows]): Judged => ({ level: 'warning', check, message, follows }));
  const seconds = said.sessionExpiryInterval;
  if (seconds === undefined) return found;
  const kept = { check: 'expiry', message: `keeps a session for ${seconds} s of ${asked} s` } as const;
  if (seconds === 0) return [...found, { ...kept, level: 'problem', follows: 'what comes while we are away is lost' }];
  if (seconds < asked) return [...found, { ...kept, level: 'warning', follows: 'a longer outage loses messages' }];
  return [...found, { ...kept, level: 'ok' }];
}

/** A retained message for who subscribes later: `late#1` by its topic, `wild#1` by a wildcard. */
export function judgeRetained(trace: Trace): readonly Judged[] {
  const has = (link: string) => messagesOn(trace, link).some(({ text, retain }) => text === 'kept' && retain);
  if (!has('late#1'))
    return [
      {
        level: 'warning',
        check: 'retained',
        message: 'a retained message does not come to who subscribes later',
        follows: 'publish without the retain flag, and do not rely on the last value',
      },
    ];
  if (!has('wild#1'))
    return [
      {
        level: 'warning',
        check: 'retained',
        message: 'a retained message comes to who subscribes to its topic later, but not by a wildcard',
        follows: 'name the topics whose last value is needed',
      },
    ];
  return [{ level: 'ok', check: 'retained', message: 'retained messages come to who subscribes later' }];
}

/** A shared subscription of `member#1`, alone in its group. */
export function judgeShared(trace: Trace, version: ProtocolVersion): readonly Judged[] {
  const code = packetsOf(trace, 'in', 'member#1', 'suback')[0]?.reasonCodes[0] ?? 0x80;
  if (code < 0x80 && textsOn(trace, 'member#1').includes('shared'))
    return [{ level: 'ok', check: 'shared', message: 'has shared subscriptions' }];
  if (code >= 0x80)
    return [
      {
        level: 'warning',
        check: 'shared',
        message: 'refuses shared subscriptions',
        follows: 'take filters without $share/',
      },
    ];
  return [
    {
      level: 'warning',
      check: 'shared',
      message: 'grants a shared subscription, from which nothing comes',
      follows:
        version < 5
          ? 'below 5.0 it is a topic of that name: take filters without $share/'
          : 'take filters without $share/',
    },
  ];
}
