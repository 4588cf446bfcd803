import { type Facts, factsOf, textOf } from './facts.js';

/** Of an event; undefined: nothing to say. */
type TextOf = (facts: Facts) => string | undefined;

/**
 * What may happen on a diagnostics channel that whoever runs a job must know, once: what is wrong, and what to do where that is not clear.
 */
export const OPERATOR_NOTES: readonly (readonly [channel: string, text: string | TextOf])[] = [
  ['millrace:granted-qos', 'the broker grants a lower QoS than was asked for'],
  ['millrace:messages-dropped', 'messages at QoS 0 come faster than they can be passed on: some are dropped'],
  [
    'millrace:properties-dropped',
    'the MQTT 5 properties of messages are dropped: the other broker speaks an older version',
  ],
  [
    'millrace:older-version',
    'a broker is spoken to in an older version than MQTT 5.0, which it did not take: no message has properties there',
  ],
  [
    'millrace:shared-below-5',
    'a filter begins with $share/, which MQTT below 5.0 does not know: some brokers do there, from others nothing comes',
  ],
  [
    'millrace:will-at-takeover',
    'another machine may take this client over, and the broker publishes its will then although it goes on: leave the will out, or give it, on MQTT 5, a willDelayInterval above the seconds that a takeover takes',
  ],
  ['millrace:session-suspect', 'the broker seems to have lost the session without saying so: messages may be gone'],
  ['millrace:message-unmatched', 'messages of a filter that an earlier run had subscribed to are left out'],
  ['millrace:session-unverified', unverified],
  ['millrace:session-not-kept', 'a broker does not keep our session: each cut and each restart loses it'],
  ['millrace:session-expiry-shortened', 'a broker keeps the session for a shorter time than was asked for'],
  ['millrace:overlapping-filters', 'filters of the source overlap: a message that two of them match may come twice'],
  ['millrace:qos-below-subscription', 'messages come at a lower QoS than 2: of those the broker may send copies'],
  [
    'millrace:outbox-full',
    'the outbox is full: the sources that lead to it are not read until its destination takes some of it',
  ],
  [
    'millrace:credentials-in-clear',
    'a password goes to another machine unencrypted: use mqtts:// or wss://, or scramSha256 with MQTT 5',
  ],
  [
    'millrace:message-suspected',
    'the receiving broker closes the connection while a message waits for its answer: it is being found out whether that is the cause',
  ],
  ['millrace:server-unusable', serverUnusable],
  [
    'millrace:packet-ids-spent',
    'the receiving broker may hold half of a QoS 2 message whose packet id is used again, for no other one is left: it may take the next message for that one; begin a new session',
  ],
  ['millrace:qos-downgraded', 'the receiving broker has no QoS 2: messages may arrive twice'],
  [
    'millrace:message-expired',
    'messages expired before they could be passed on: they are dropped, as their publishers asked',
  ],
  [
    'millrace:letters-read-again',
    'dead letters are read again from the topic that they go to, and rejected again, which never ends: filters that leave that topic out, or another topic',
  ],
  ['millrace:table-failed', tableFailed],
  ['millrace:table-full', 'a table has no room for another row: raise maxRows or maxBytes, or take a narrower filter'],
  ['millrace:table-row-rejected', 'a message gives no row of its table: see millrace:table-row-rejected'],
  [
    'millrace:table-row-unretained',
    'messages for rows of a table come without the RETAIN flag and are left out: publish them with it, or, where the broker does not pass it on, read the table by protocolVersion 4',
  ],
  ['millrace:keys-grow', keysGrow],
  ['millrace:stream-behind', streamBehind],
  [
    'millrace:clock-set-back',
    (facts) =>
      facts.stage === undefined
        ? 'the clock of this machine was set back: timers that go by it wait until it has caught up, or until the job is restarted'
        : `an earlier run had a clock that was ahead: the ingestion timestamps of stage "${textOf(facts, 'stage')}" stand still until that of now has caught up, ${Math.round(Number(facts.byMs) / 1000)} s`,
  ],
  ['millrace:insecure-tls', 'the certificate of a broker is not verified'],
];

/** Without a store nothing depends on it: what was not acknowledged comes again either way. */
function unverified(facts: Facts): string | undefined {
  if (facts.stored === false) return undefined;
  return `${textOf(facts, 'server')} says that it has our session, and nothing shows that it is as we left it: if the broker was put back to an earlier state, messages are missing or come twice. MQTT 5, where the client may subscribe to millrace/session/#, makes it certain`;
}

/** What an event comes to in words. */
export const noteOf = (text: string | TextOf, facts: Facts): string | undefined =>
  typeof text === 'string' ? text : text(facts);

function keysGrow(facts: Facts): string {
  return `stage "${textOf(facts, 'stage')}" has the state of ${Number(facts.keys)} keys, and forgets none: forgetAfter, forgetWhen or maxKeys`;
}

function streamBehind(facts: Facts): string {
  const { behindMs } = facts;
  const of = facts.source === undefined ? '' : ` of source "${textOf(facts, 'source')}"`;
  const from = facts.from === undefined ? '' : ` from partition ${Number(facts.from)}`;
  const far =
    behindMs === undefined ? 'no time at all' : `a time that is ${Math.round(Number(behindMs) / 1000)} s behind`;
  return `the stream of stage "${textOf(facts, 'stage')}"${of}${from} has ${far} and comes no nearer to that of "${textOf(facts, 'ahead')}": windows and timers of event time wait for it. See that its timestamps are in milliseconds and of the right time zone, and that those of the other are not ahead; a smaller idleTimeoutMs if it is silent`;
}

function serverUnusable(facts: Facts): string {
  const why = textOf(factsOf(facts.error), 'message');
  return `${textOf(facts, 'server')} cannot be used, the other servers of the list are asked on (${why})`;
}

function tableFailed(facts: Facts): string {
  const why = textOf(factsOf(facts.error), 'message');
  return `table "${textOf(facts, 'table')}" cannot be loaded anew, and stays as it is (${why}): it is tried again`;
}
