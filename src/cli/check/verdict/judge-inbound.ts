import type { Judged } from './finding.js';
import { hasAnswer, messagesOn, sessionPresent, type Trace, type TracedMessage, textsOn } from './trace.js';

/** The messages of the probe, in this order: one that was answered in full, one that at QoS 2 had PUBREC, one that is not answered. */
export const INBOUND = { finished: 'finished', taken: 'taken', untouched: 'untouched' } as const;
/** The connections of the reader: the first one has subscribed and left, so that all three messages come together to the next. */
export const READER = { first: 'reader#2', again: ['reader#3', 'reader#4'] } as const;
/** Published when the first connection is cut. */
export const LATER = 'later';

/** What was not answered before the cut; a broker that gives one message at a time has not given the last. */
function unanswered(trace: Trace, qos: 1 | 2): readonly string[] {
  const candidates = qos === 1 ? [INBOUND.taken, INBOUND.untouched] : [INBOUND.untouched];
  return candidates.filter((text) => textsOn(trace, READER.first).includes(text));
}

/** What comes again after a cut has come: so long a probe waits. */
export function cameAgain(trace: Trace, link: string, qos: 1 | 2): boolean {
  const texts = textsOn(trace, link);
  if (!unanswered(trace, qos).every((text) => texts.includes(text))) return false;
  if (qos === 1 || texts.includes(INBOUND.taken)) return true;
  const taken = messagesOn(trace, READER.first).find(({ text }) => text === INBOUND.taken);
  return taken !== undefined && hasAnswer(trace, link, 'pubrel', taken.id);
}

/**
 * What a broker does for a reader whose connection is cut twice, with messages in each phase (`read-probes.ts`).
 */
export function judgeInbound(trace: Trace, qos: 1 | 2): readonly Judged[] {
  const first = messagesOn(trace, READER.first);
  const missing = [INBOUND.finished, INBOUND.taken].filter((text) => !first.some((message) => message.text === text));
  if (missing.length > 0) {
    const message = `at QoS ${qos} ${missing.length} of 2 messages did not come: not tried`;
    return [{ level: 'unknown', check: 'again', message }];
  }
  if (sessionPresent(trace, READER.again[0]) !== true) return [lostSession()];
  const found = [again(trace, first, qos), order(trace, qos), finished(trace, first, qos)];
  return [...found, ...(qos === 2 ? [release(trace, first), packetIds(trace)] : [])].flat();
}

const lostSession = (): Judged => ({
  level: 'problem',
  check: 'session',
  message: 'a session that is to be kept is gone after a cut of its connection',
  follows: 'what comes while we are away is lost: only the guarantee none can be had',
});

/** Which message a copy is of: by its text. What a client has to tell them by is the id. */
const copiesOf = (trace: Trace, text: string): readonly TracedMessage[] =>
  READER.again.flatMap((link) => messagesOn(trace, link).filter((message) => message.text === text));

const idOf = (first: readonly TracedMessage[], text: string): number =>
  first.find((message) => message.text === text)?.id ?? -1;

function again(trace: Trace, first: readonly TracedMessage[], qos: 1 | 2): Judged {
  const open = unanswered(trace, qos);
  if (open.length === 0) {
    const message = 'gives one message at a time: what it does with one at QoS 2 before PUBREC was not tried';
    return { level: 'unknown', check: 'again', message };
  }
  const lost = open.filter((text) => !READER.again.every((link) => textsOn(trace, link).includes(text)));
  if (lost.length > 0)
    return {
      level: 'problem',
      check: 'again',
      message: `a message at QoS ${qos} that was not answered does not come again after a cut`,
      follows: 'a cut or a crash between receipt and acknowledgement loses messages, whatever the guarantee',
    };
  const copies = open.flatMap((text) => copiesOf(trace, text));
  const foreign = copies.some(({ id, text }) => id !== idOf(first, text));
  if (qos === 2 && foreign)
    return {
      level: 'problem',
      check: 'again',
      message: 'a message at QoS 2 that was not answered comes again under another packet id, against [MQTT-4.4.0-1]',
      follows:
        'its copies cannot be told: exactly-once doubles at each cut. Use --guarantee at-least-once, or deduplicateBy',
    };
  if (copies.some(({ dup }) => !dup)) return unmarked(qos);
  return { level: 'ok', check: 'again', message: `what was not answered at QoS ${qos} comes again after a cut` };
}

/** [MQTT-3.3.1-1]. A copy of a message that is committed is told by its packet id and DUP (R2a). */
function unmarked(qos: 1 | 2): Judged {
  const message = `a message at QoS ${qos} that was not answered comes again after a cut without DUP [MQTT-3.3.1-1]`;
  if (qos === 1) return { level: 'warning', check: 'again', message };
  const follows =
    'exactly-once doubles what was committed and not answered when the connection was cut. Use --guarantee at-least-once, or deduplicateBy';
  return { level: 'problem', check: 'again', message, follows };
}

/** [MQTT-4.6.0-1]: re-sends are in the order of the first time, and what is newer is behind them. */
function order(trace: Trace, qos: 1 | 2): readonly Judged[] {
  const expected = [...unanswered(trace, qos), LATER];
  const isOrdered = READER.again.every((link) => {
    const texts = textsOn(trace, link);
    const places = expected.map((text) => texts.indexOf(text)).filter((place) => place !== -1);
    return places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1));
  });
  if (isOrdered) return [];
  return [
    {
      level: 'warning',
      check: 'order',
      message: `what comes again at QoS ${qos} after a cut comes behind newer messages, or in another order [MQTT-4.6.0-1]`,
      follows: 'Millrace keeps the order in which the broker gives messages, which is not that of their topic then',
    },
  ];
}

function finished(trace: Trace, first: readonly TracedMessage[], qos: 1 | 2): Judged {
  const copies = copiesOf(trace, INBOUND.finished);
  if (copies.length === 0)
    return { level: 'ok', check: 'finished', message: `what was answered at QoS ${qos} does not come again` };
  const message = `a message at QoS ${qos} that was answered in full comes again after a cut`;
  if (qos === 1)
    return { level: 'warning', check: 'finished', message, follows: 'at least once doubles more than it has to' };
  const told = copies.every(({ id, dup }) => dup && id === idOf(first, INBOUND.finished));
  return told
    ? {
        level: 'warning',
        check: 'finished',
        message,
        follows: 'it has its packet id and DUP: exactly-once with --dir tells it (millrace:message-again)',
      }
    : {
        level: 'problem',
        check: 'finished',
        message: `${message}, under another packet id or without DUP`,
        follows: 'exactly-once doubles it: no client can tell it from a new message',
      };
}

function release(trace: Trace, first: readonly TracedMessage[]): Judged {
  const id = idOf(first, INBOUND.taken);
  const copies = copiesOf(trace, INBOUND.taken);
  if (copies.some((copy) => copy.id !== id || !copy.dup))
    return {
      level: 'problem',
      check: 'release',
      message:
        'a message at QoS 2 whose PUBREC the broker has comes again after a cut, under another packet id or without DUP',
      follows: 'its copies cannot be told: exactly-once doubles at a cut',
    };
  if (copies.length > 0)
    return {
      level: 'warning',
      check: 'release',
      message: 'a message at QoS 2 whose PUBREC the broker has comes again as PUBLISH after a cut',
      follows: 'it has its packet id and DUP, by which exactly-once tells it',
    };
  const released = READER.again.every((link) => hasAnswer(trace, link, 'pubrel', id));
  return released
    ? { level: 'ok', check: 'release', message: 'after PUBREC it is PUBREL that comes again after a cut' }
    : {
        level: 'warning',
        check: 'release',
        message: 'after PUBREC neither PUBLISH nor PUBREL comes again after a cut [MQTT-4.4.0-1]',
        follows: 'nothing is lost or doubled, but the packet id of the message stays taken',
      };
}

/** MQTT 5 2.2.1: an id is free again at PUBCOMP. */
function packetIds(trace: Trace): readonly Judged[] {
  const open = new Map<number, string>();
  for (const event of trace) {
    if (event.way === 'end' || !event.link.startsWith('reader#')) continue;
    const { packet, way } = event;
    if (way === 'out' && packet.type === 'pubcomp') open.delete(packet.packetId);
    if (way !== 'in' || packet.type !== 'publish' || packet.qos !== 2) continue;
    const text = String.fromCharCode(...packet.payload);
    const other = open.get(packet.packetId);
    if (other !== undefined && other !== text)
      return [
        {
          level: 'problem',
          check: 'packet-ids',
          message: 'a packet id is given to another message before the one that has it is finished [MQTT-2.2.1-4]',
          follows: 'the two are taken for one, or told as session-suspect: exactly-once cannot be kept',
        },
      ];
    open.set(packet.packetId, text);
  }
  return [];
}
