import type { Judged } from './finding.js';
import { endedByBroker, messagesOn, packetsOf, sessionPresent, type Trace, textsOn } from './trace.js';

/** Text of the n-th message of a run at a QoS. */
export const queuedText = (qos: 1 | 2, index: number): string => `q${qos}-${index}`;

/** What is published at each QoS while a reader is away: some brokers keep twenty, and lose a hundred. */
export const QUEUED = 150;

/** What came on `reader#2` of what was published while `reader#1` was gone in order. */
export function judgeQueue(trace: Trace, highest: 1 | 2): readonly Judged[] {
  if (sessionPresent(trace, 'reader#2') !== true)
    return [
      {
        level: 'problem',
        check: 'session',
        message: 'a session that is to be kept is gone after its client has disconnected',
        follows: 'what comes while we are away is lost: only the guarantee none can be had',
      },
    ];
  const found = ([1, 2] as const).filter((qos) => qos <= highest).flatMap((qos) => judgeRun(trace, 'reader#2', qos));
  const kept: Judged = { level: 'ok', check: 'session', message: 'a session is kept while its client is away' };
  return [kept, ...merged(found, highest)];
}

/** What of a run has come on a connection. */
function judgeRun(trace: Trace, link: string, qos: 1 | 2): readonly Judged[] {
  const sent = Array.from({ length: QUEUED }, (_, index) => queuedText(qos, index));
  const came = textsOn(trace, link).filter((text) => sent.includes(text));
  const lost = sent.filter((text) => !came.includes(text)).length;
  if (lost > 0)
    return [
      {
        level: 'problem',
        check: 'queue',
        message: `${lost} of ${QUEUED} messages at QoS ${qos} that were published while the client was away never came`,
        follows:
          'messages are lost whenever we are away, whatever the guarantee; or the queue of the broker is that short',
      },
    ];
  const first = [...new Set(came)];
  const isOrdered = first.every((text, index) => text === sent[index]);
  return [
    ...(isOrdered ? [] : [unordered(qos)]),
    ...(qos === 2 && came.length > QUEUED ? [doubledQueue(came.length - QUEUED)] : []),
  ];
}

const unordered = (qos: 1 | 2): Judged => ({
  level: 'warning',
  check: 'order',
  message: `messages at QoS ${qos} of one topic come in another order than they were published [MQTT-4.6.0-6]`,
  follows: 'Millrace keeps the order in which the broker gives messages, which is not that of their topic then',
});

const doubledQueue = (copies: number): Judged => ({
  level: 'problem',
  check: 'queue',
  message: `${copies} messages at QoS 2 came twice on one connection`,
  follows: 'exactly-once doubles them: no client can tell them from new messages',
});

function merged(found: readonly Judged[], highest: 1 | 2): readonly Judged[] {
  if (found.length > 0) return found;
  const all = highest === 2 ? 'QoS 1 and 2' : 'QoS 1';
  const message = `what is published at ${all} while the client is away comes, in order`;
  return [{ level: 'ok', check: 'queue', message }];
}

/** Two connections with one client id: `twin#2` came while `twin#1` was there. */
export function judgeTakeover(trace: Trace): readonly Judged[] {
  if (!endedByBroker(trace, 'twin#1'))
    return [
      {
        level: 'problem',
        check: 'takeover',
        message: 'two connections with one client id stay side by side [MQTT-3.1.4-3]',
        follows: 'two processes with one client id share its messages, and neither is told: give each its own',
      },
    ];
  if (sessionPresent(trace, 'twin#2') !== true)
    return [
      {
        level: 'problem',
        check: 'takeover',
        message: 'who takes a session over from a connection that is still open finds none',
        follows: 'a connection that the broker has not noticed to be dead costs the session',
      },
    ];
  return [{ level: 'ok', check: 'takeover', message: 'a second connection takes the session over and ends the first' }];
}

/** Seconds that the broker grants, where it says so. */
const expiryOn = (trace: Trace, link: string): number | undefined =>
  packetsOf(trace, 'in', link, 'connack')[0]?.properties?.sessionExpiryInterval;

/** `brief#2` came after the time for which `brief#1` was to be kept, `longer#2` within its own. 5.0. */
export function judgeExpiry(trace: Trace): readonly Judged[] {
  if (sessionPresent(trace, 'longer#2') !== true)
    return [
      {
        level: 'problem',
        check: 'expiry',
        message: 'a session is gone before its expiry',
        follows: 'what comes while we are away is lost',
      },
    ];
  const granted = expiryOn(trace, 'brief#1');
  if (sessionPresent(trace, 'brief#2') !== true)
    return [{ level: 'ok', check: 'expiry', message: 'a session ends with its expiry, and not before' }];
  if (granted !== undefined)
    return [
      { level: 'ok', check: 'expiry', message: `the broker keeps sessions for ${granted} s, whatever is asked for` },
    ];
  return [
    {
      level: 'warning',
      check: 'expiry',
      message: 'a session is still there seconds after its expiry',
      follows: 'sessions that nobody needs may fill its queues for longer than was asked for',
    },
  ];
}

/** More than that were never unanswered: `reader#1` had asked for two at most. 5.0. */
export function judgeWindow(trace: Trace, asked: number, published: number): readonly Judged[] {
  let open = 0;
  let most = 0;
  for (const event of trace) {
    if (event.way === 'end' || event.link !== 'reader#1') continue;
    if (event.way === 'in' && event.packet.type === 'publish') open += 1;
    if (event.way === 'out' && event.packet.type === 'puback') open -= 1;
    most = Math.max(most, open);
  }
  const came = new Set(textsOn(trace, 'reader#1')).size;
  if (most > asked)
    return [
      {
        level: 'problem',
        check: 'window',
        message: `${most} messages were unanswered where at most ${asked} were asked for [MQTT-3.3.4-9]`,
        follows: 'Millrace ends a connection on which more comes than it asked for (0x93)',
      },
    ];
  if (came < published)
    return [
      {
        level: 'problem',
        check: 'window',
        message: `with a Receive Maximum of ${asked}, ${published - came} of ${published} messages never came`,
        follows: 'a source stands still once its window was full',
      },
    ];
  return [{ level: 'ok', check: 'window', message: 'our Receive Maximum is kept' }];
}

/** Copies of one message that two filters of `reader#1` match. */
export function judgeOverlap(trace: Trace): readonly Judged[] {
  const copies = messagesOn(trace, 'reader#1').filter(({ text }) => text === 'overlap').length;
  if (copies === 1)
    return [{ level: 'ok', check: 'overlap', message: 'a message that two filters of a session match comes once' }];
  return [
    {
      level: copies === 0 ? 'problem' : 'warning',
      check: 'overlap',
      message: `a message that two filters of a session match comes ${copies === 0 ? 'not at all' : `${copies} times`}`,
      follows: 'take filters of one source that do not overlap (exactly-once refuses them)',
    },
  ];
}

/** What came on `reader#2` after a restart of the broker, of what was published before it while nobody read. */
export function judgeRestart(trace: Trace, highest: 1 | 2): readonly Judged[] {
  const present = sessionPresent(trace, 'reader#2');
  if (present === undefined)
    return [
      { level: 'unknown', check: 'restart', message: 'after the restart command the broker takes no connection' },
    ];
  if (!present)
    return [
      {
        level: 'problem',
        check: 'restart',
        message: 'a restart of the broker ends its sessions',
        follows: 'what it had for us is gone, which session-lost says: let it keep its sessions on disk',
      },
    ];
  const lost = ([1, 2] as const)
    .filter((qos) => qos <= highest)
    .flatMap((qos) => judgeRun(trace, 'reader#2', qos))
    .filter(({ level }) => level === 'problem');
  if (lost.length === 0)
    return [{ level: 'ok', check: 'restart', message: 'sessions and what is queued in them survive the restart' }];
  return [
    {
      level: 'problem',
      check: 'restart',
      message: 'after the restart the session is said to be present, but messages of it are gone, or come twice',
      follows: 'no client can see that: let the broker write each change before it answers',
    },
  ];
}
