import type { Judged } from './finding.js';
import { hasAnswer, sessionPresent, type Trace, textsOn } from './trace.js';

/** The messages of the probe, in this order, with the packet ids under which they are sent. The last one has that of the first. */
export const OUTBOUND = [
  { text: 'cut-after-pubrec', id: 1 },
  { text: 'cut-after-pubcomp', id: 2 },
  { text: 'same-id', id: 1 },
] as const;

/** The later connections of the writer of QoS 2: see `write-probes.ts`. */
export const WRITER = { second: 'writer#2', third: 'writer#3' } as const;
/** Of the writer of QoS 1: twice without a subscription, then with one. */
export const HOLDER = { bareAgain: 'holder#2', again: 'holder#4' } as const;
/** The message of the writer of QoS 1. */
export const RESENT = { text: 'resent', id: 1 } as const;

/** Whose session is kept for a client that publishes, and what becomes of a message at QoS 1 that is sent again after a cut. */
export function judgeHeld(trace: Trace): readonly Judged[] {
  if (sessionPresent(trace, HOLDER.again) !== true) return [notHeld()];
  const bare = bareSession(sessionPresent(trace, HOLDER.bareAgain) === true);
  if (!hasAnswer(trace, HOLDER.again, 'puback', RESENT.id)) return [bare, unanswered('PUBLISH at QoS 1', 'publishing')];
  const came = textsOn(trace, 'verifier#1').includes(RESENT.text);
  return [bare, ...(came ? [] : [lostInTransit(RESENT.text)])];
}

/** What a broker does for a writer whose connection is cut in the phases of QoS 2; `verifier#1` has all that it delivered. */
export function judgeOutbound(trace: Trace): readonly Judged[] {
  // a session that is not held is told by `judgeHeld`
  if (sessionPresent(trace, WRITER.second) !== true) return [];
  return [...answered(trace), ...deliveredOnce(trace)];
}

const notHeld = (): Judged => ({
  level: 'problem',
  check: 'publisher-session',
  message: 'the session of a client that publishes is gone after a cut, though it has a subscription',
  follows:
    'publishing exactly once is refused (SESSION_LOST at the first start); at least once doubles what was in flight',
});

const bareSession = (kept: boolean): Judged =>
  kept
    ? { level: 'ok', check: 'publisher-session', message: 'the session of a client that only publishes is kept' }
    : {
        level: 'ok',
        check: 'publisher-session',
        message: 'the session of a client that publishes is kept by a subscription, which Millrace makes',
      };

/** [MQTT-4.3.3-2]: what is sent again is answered. */
function answered(trace: Trace): readonly Judged[] {
  const [first, second] = OUTBOUND;
  const publish = hasAnswer(trace, WRITER.second, 'pubrec', first.id);
  const release = hasAnswer(trace, WRITER.third, 'pubcomp', second.id);
  if (publish && release)
    return [{ level: 'ok', check: 'resend', message: 'what is sent again at QoS 2 after a cut is answered' }];
  return [unanswered(publish ? 'PUBREL' : 'PUBLISH at QoS 2', 'publishing exactly once')];
}

const unanswered = (what: string, who: string): Judged => ({
  level: 'problem',
  check: 'resend',
  message: `a ${what} that is sent again after a cut is never answered`,
  follows: `${who} stands still after a cut, and connects again each minute (ackTimeout)`,
});

const lostInTransit = (what: string): Judged => ({
  level: 'problem',
  check: 'resend',
  message: `a message that the broker answered in full was never delivered: ${what}`,
  follows: 'the broker loses messages, whatever the guarantee',
});

function deliveredOnce(trace: Trace): readonly Judged[] {
  const seen = textsOn(trace, 'verifier#1');
  const counts = OUTBOUND.map(({ text }) => ({ text, count: seen.filter((one) => one === text).length }));
  const lost = counts.filter(({ count }) => count === 0).map(({ text }) => text);
  const doubled = counts.filter(({ count }) => count > 1).map(({ text }) => text);
  return [
    ...(lost.length === 0 ? [] : [lostInTransit(lost.join(', '))]),
    ...(doubled.length === 0
      ? []
      : [
          {
            level: 'problem',
            check: 'resend',
            message: `a message at QoS 2 that was sent again after a cut was delivered twice: ${doubled.join(', ')}`,
            follows: 'publishing exactly once doubles at a cut',
          } as const,
        ]),
  ];
}
