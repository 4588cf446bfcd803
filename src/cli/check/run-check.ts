import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { MillraceError } from '../../errors/index.js';
import type { ProtocolVersion } from '../../mqtt/protocol/protocol-version.js';
import { Subscription } from '../../mqtt/source/options/subscription.js';
import { inClientFlags } from '../client/in-client-flags.js';
import { ASKED_EXPIRY, type Probed, probeBroker } from '../client/probe-broker.js';
import type { CheckFlags } from './parse-check-flags.js';
import { BASIC_PROBES, DEEP_PROBES, type Probe } from './probes/probe.js';
import { restartBroker } from './probes/restart-broker.js';
import { leaveQueue, readQueue } from './probes/session-probes.js';
import type { CheckFinding, Judged } from './verdict/finding.js';
import { judgeBasics } from './verdict/judge-basics.js';
import { judgeRestart } from './verdict/judge-kept.js';
import { Lab, type LabParts } from './wire/lab.js';
import { placeOf } from './wire/place.js';
import { SessionsMade } from './wire/sessions-made.js';

/** What a check has found, and the client ids of sessions that it could not end. */
export interface Checked {
  readonly findings: readonly CheckFinding[];
  readonly left: readonly string[];
}

/** Asks the broker, and with `deep` tries it. Its sessions are ended whatever happens. Rejects with ABORTED when the signal aborts. */
export async function checkBroker(
  flags: CheckFlags,
  signal: AbortSignal,
  tell: (finding: CheckFinding) => void,
): Promise<Checked> {
  const made = new SessionsMade();
  // each that waits in a probe listens
  setMaxListeners(0, signal);
  const findings: CheckFinding[] = [];
  const found = (version: ProtocolVersion, judged: readonly Judged[]): void => {
    for (const finding of withoutRepeats(judged).map((one) => ({ ...one, version }))) {
      findings.push(finding);
      tell(finding);
    }
  };
  try {
    const answers = await askAll(flags);
    const takesAny = answers.some(({ probed }) => probed.connected !== undefined);
    for (const { version, probed } of answers) {
      found(version, basics(probed, version, takesAny));
      const highest = highestQos(probed);
      if (highest === undefined) continue;
      const { waitMs } = flags;
      const parts = { place: placeOf(flags.broker), version, highest, made, waitMs, signal };
      // all are over before their sessions are ended
      const tried = await Promise.allSettled(probesOf(flags, parts).map((one) => tryOut(one, parts)));
      signal.throwIfAborted();
      found(
        version,
        tried.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
      );
      if (flags.restartCommand !== undefined) found(version, await tryRestart(flags, flags.restartCommand, parts));
    }
  } catch (error) {
    const left = await made.end();
    throw left.length === 0 ? error : new MillraceError('ABORTED', `stopped; ${leftText(left)}`, { cause: error });
  }
  return { findings, left: await made.end() };
}

/** For people: sessions that are still there. */
export const leftText = (left: readonly string[]): string =>
  `these sessions could not be ended: ${left.join(', ')} (on 5.0 they end by themselves within 5 minutes)`;

interface Answer {
  readonly version: ProtocolVersion;
  readonly probed: Probed;
}

/** Each version, before any is judged: what refuses one may take another. */
async function askAll({ broker, versions }: CheckFlags): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  // a filter that nobody publishes to
  const subscription = Subscription.of(`millrace-check/${randomUUID()}`, 2, { retainHandling: 0 });
  const wanted = { ...subscription, retainAsPublished: false, subscriptionIdentifier: undefined };
  for (const version of versions)
    answers.push({ version, probed: await probeBroker({ ...broker, version }, [wanted]) });
  return answers;
}

/** A broker that speaks one version alone is no broken one. */
function basics(probed: Probed, version: ProtocolVersion, takesAny: boolean): readonly Judged[] {
  const judged = judgeBasics(probed, version, ASKED_EXPIRY);
  if (probed.connected !== undefined) return judged;
  const level = takesAny ? 'warning' : 'problem';
  return judged.map(({ check, message, follows = '' }) => ({
    level,
    check,
    message: inClientFlags(message),
    follows: takesAny ? (version === 5 ? WITHOUT_5 : WITHOUT_3) : inClientFlags(follows),
  }));
}

const WITHOUT_3 = 'nothing: 5.0 is what it takes first';
const WITHOUT_5 =
  '3.1.1 is taken: no properties, retain flags with stored messages alone, and a session cannot be verified';

/** undefined: nothing can be tried. */
function highestQos({ connected, granted }: Probed): 1 | 2 | undefined {
  const highest = Math.min(connected?.limits.maximumQoS ?? 0, granted[0]?.granted ?? 0);
  return highest === 2 ? 2 : highest === 1 ? 1 : undefined;
}

function probesOf({ deep }: CheckFlags, { version, highest }: LabParts): readonly Probe[] {
  return [...BASIC_PROBES, ...(deep ? DEEP_PROBES : [])].filter(
    ({ needsQos2, needs5 }) => (needsQos2 !== true || highest === 2) && (needs5 !== true || version === 5),
  );
}

/** What cannot be tried is unknown; what was seen before it failed does not count. */
async function tryOut({ check, run, judge }: Probe, parts: LabParts): Promise<readonly Judged[]> {
  const lab = new Lab(parts);
  try {
    await run(lab);
    return judge(lab.recorder.trace, parts);
  } catch (error) {
    parts.signal.throwIfAborted();
    return [{ level: 'unknown', check, message: `could not be tried: ${MillraceError.from(error).message}` }];
  } finally {
    lab.close();
  }
}

function tryRestart({ connectTimeoutMs }: CheckFlags, command: string, parts: LabParts): Promise<readonly Judged[]> {
  return tryOut(
    {
      check: 'restart',
      run: async (lab) => {
        await leaveQueue(lab);
        await restartBroker(command, parts, connectTimeoutMs);
        await readQueue(lab);
      },
      judge: (trace, { highest }) => judgeRestart(trace, highest),
    },
    parts,
  );
}

/** Several probes may see the same. */
const withoutRepeats = (judged: readonly Judged[]): readonly Judged[] => [
  ...new Map(judged.map((one) => [`${one.check} ${one.message}`, one])).values(),
];
