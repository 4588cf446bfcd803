import { MillraceError } from '../../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../../protocol/protocol-version.js';
import type { MarkerQuestion } from '../../../protocol/session/proof/session-proof.js';
import type { SessionLostEvent, SessionUnprovenEvent } from '../../../protocol/session/session-event.js';
import type { OnSessionLoss } from '../../options/on-session-loss.js';
import type { WantedSubscription } from '../../subscriptions/wanted-subscription.js';
import type { UnknownSessionPolicy } from '../session-past.js';
import { discardingFound, discardingOld, sessionLost } from './session-lost.js';
import { markerQuestion } from './session-markers.js';
import {
  adopt,
  beginAsking,
  beginEpoch,
  markLost,
  markMade,
  markWentBack,
  type NextEpoch,
  type SessionRecord,
  unmake,
} from './session-record.js';

/** What a session asks behind `connected`: what becomes of it. */
export type SessionQuestion = SessionLostEvent | SessionUnprovenEvent;

/** What becomes of the session. */
export type Decision =
  /** It goes on; `verified` false: as if it were ours. `present`: the server has it. */
  | { readonly do: 'go-on'; readonly verified: boolean; readonly present: boolean }
  /** It waits for an owner who takes it as it is: nothing can tell whether it is ours. */
  | { readonly do: 'take-unverified' }
  /** It waits for the server's answer to this. */
  | { readonly do: 'verify'; readonly question: MarkerQuestion }
  /**
   * A new one begins. `lost` false: it is the first of its kind, so that nothing is lost. `holds` false: what we hold has nothing of
   * the lost one, and its epoch goes on.
   */
  | { readonly do: 'begin'; readonly lost: boolean; readonly holds: boolean }
  /** The connection ends in order, and with `forget` (5.0) the session with it; the error says what follows. */
  | { readonly do: 'end'; readonly error: MillraceError; readonly forget?: true }
  /** It ends like that because of `error`, and the next one is made at once. */
  | { readonly do: 'again'; readonly error: MillraceError; readonly forget: boolean }
  /** The connection is cut: what its store has is unknown (R13). */
  | { readonly do: 'cut'; readonly error: MillraceError };

/** What is known when a session asks. */
export interface SessionCase {
  /** As it is before; what it becomes is for the judgement's `put`. */
  readonly record: SessionRecord;
  /** `serverKey` of the present server, and the version spoken to it. */
  readonly server: string;
  readonly version: ProtocolVersion;
  /** The epoch of the session whose state we hold. */
  readonly epoch: number;
  /** What the server has for our client id can only be ours. */
  readonly clean: boolean;
  /** The present connection is to another server, or in another version, than the session that the record speaks of (R5b). */
  readonly moved: boolean;
  /** The server says that it has a session of ours. */
  readonly present: boolean;
  /** Another owner may have the store by now: no session that was ever complete may be begun clean (C3). */
  readonly fenceable: boolean;
  /** We only publish: nothing is queued for us at the broker. */
  readonly publishesOnly: boolean;
  /** A subscription was granted that is to hold the session. */
  readonly held: boolean;
  /** What is wanted of it. */
  readonly wanted: readonly WantedSubscription[];
  /** While it is `made`: a SUBSCRIBE for a group may have been sent, which gives to this session what others would have had. */
  readonly joined: boolean;
  /** While it is `creating`: what the server has may be what an attempt of ours left, or is to be thrown away whatever it is (R6a). */
  readonly discards: boolean;
  /** That was tried on a connection of this process already. */
  readonly forgot: boolean;
  /** For errors. */
  readonly clientId: string;
  /** For a session that is gone, went back or is not kept (R17). */
  readonly onSessionLoss: OnSessionLoss;
  /** For one that is there while the record is `creating`, and not to be thrown away (R6). */
  readonly onUnknownSession: UnknownSessionPolicy;
}

/** What follows, and what comes before it. */
export interface Judgement {
  /** What is to be said of the session. */
  readonly tell?: 'lost' | 'went-back' | 'not-kept' | 'unknown';
  /**
   * What is known of the server from now on: what it has can only be ours (`clean`), is not (`spoiled`), or is to be thrown away by a clean
   * CONNECT (`unclean`).
   */
  readonly server?: 'clean' | 'spoiled' | 'unclean';
  /** To be durable before `decision`; without a record it is removed. */
  readonly put?: { readonly record: SessionRecord | undefined };
  /** Carried out when `put` is durable. */
  readonly decision: Decision;
}

/**
 * What becomes of a session that asks, by what the record says. Pure: the writing and the waiting are `RecordedIdentity`'s.
 * Z21. While the record is `creating` the session has never been ours: one that is there is unknown (R6), one that is not is made. What an
 *     attempt of ours may have left is thrown away. Where a clean CONNECT could come when another owner has made the session (C3), that is the
 *     last resort: nothing is thrown away that was not found, and on 5.0 the DISCONNECT does it, which counts only while the session is ours.
 * Z22. Once it is `made` it is gone on with. One that is not there then is made once more, for nothing was on its way by it; unless it was
 *     of a group, which may have given it messages: that is a loss.
 * Z24. After that one that is not there is lost (R5), unless nothing has shown yet whether this broker keeps any (R5e).
 * Z23. A session that went back keeps what it has queued for us. One to which we only publish has nothing queued, but may have messages
 *     of ours half done, whose ids new ones would meet: it is thrown away (R5c), which is durably decided first. By a clean CONNECT of
 *     its own; but where that could be held up on its way, and come when another owner has the session (C3), by the DISCONNECT of the
 *     connection that has shown to be ours. A server that keeps it all the same is told so again.
 */
export const judgeSession = (question: SessionQuestion, known: SessionCase): Judgement => {
  const { record, moved, joined } = known;
  const creating = record.phase === 'creating';
  if (question.type === 'session-unproven') return creating ? meetUnknown(known) : doubt(known);
  const remakes = record.phase === 'made' && !moved && !joined;
  return creating || remakes ? make(question.epoch, known) : settleLoss(question, known);
};

const make = (epoch: number, known: SessionCase): Judgement => {
  const { record, server, version, clean, wanted, onUnknownSession } = known;
  // 3.1 cannot say whether it has a session
  if (version === 3 && onUnknownSession !== 'adopt' && !clean) return meetUnknown(known);
  return {
    server: 'clean',
    put: { record: markMade(record, { epoch, server, version, wanted }) },
    decision: { do: 'begin', lost: false, holds: true },
  };
};

const settleLoss = ({ epoch, wentBack }: SessionLostEvent, known: SessionCase): Judgement => {
  const { record, moved, onSessionLoss: policy, clientId } = known;
  if (record.tried === false && !moved) return settleNotKept(epoch, known);
  const back = wentBack || record.wentBack;
  const tell = back ? 'went-back' : 'lost';
  if (policy === 'fail') {
    const decision = { do: 'end', error: sessionLost(clientId, back) } as const;
    // elsewhere nothing is gone: where the record says, the session may still be
    if (moved) return { tell, decision };
    return { tell, put: { record: markLost(back ? markWentBack(record) : record) }, decision };
  }
  if (known.publishesOnly && (wentBack || isStillThere(known))) return throwAway(tell, known);
  return { tell, ...beginAnew({ epoch, policy }, known) };
};

/** It went back, and the DISCONNECT that was to end it did not reach the server. */
const isStillThere = ({ record, present, fenceable }: SessionCase): boolean => record.wentBack && present && fenceable;

const throwAway = (
  tell: Judgement['tell'] & string,
  { record, clientId, version, fenceable }: SessionCase,
): Judgement => {
  const put = { record: markWentBack(record) };
  const error = discardingOld(clientId);
  if (!fenceable) return { tell, server: 'spoiled', put, decision: { do: 'end', error } };
  // below 5.0 only a clean CONNECT can end it
  if (version < 5) return { tell, put, decision: { do: 'end', error: sessionLost(clientId, true) } };
  return { tell, put, decision: { do: 'end', error, forget: true } };
};

/** R5e: nothing is lost yet, but would be at each cut. */
const settleNotKept = (epoch: number, known: SessionCase): Judgement => {
  const { record, onSessionLoss: policy, clientId, held } = known;
  if (policy !== 'fail') return { tell: 'not-kept', ...beginAnew({ epoch, policy }, known) };
  const decision = { do: 'end', error: sessionNotKept(clientId, held) } as const;
  return { tell: 'not-kept', put: { record: unmake(record) }, decision };
};

const beginAnew = (next: Pick<NextEpoch, 'epoch' | 'policy'>, { record, server, version }: SessionCase): Judgement => ({
  put: { record: beginEpoch(record, { ...next, server, version }) },
  decision: { do: 'begin', lost: true, holds: true },
});

const meetUnknown = (known: SessionCase): Judgement => {
  if (known.onUnknownSession !== 'adopt') return known.discards ? discardFound(known) : refuseUnknown(known);
  const { record, server, version, epoch } = known;
  return {
    tell: 'unknown',
    put: { record: adopt(record, { server, version, epoch }) },
    decision: { do: 'take-unverified' },
  };
};

/** Z21. Below 5.0 only a clean CONNECT can end it. A server that keeps it all the same is asked again, not at once. */
const discardFound = ({ clientId, version, forgot }: SessionCase): Judgement => {
  const error = discardingFound(clientId);
  if (version < 5) return { server: 'unclean', decision: { do: 'again', error, forget: false } };
  return { decision: forgot ? { do: 'end', error, forget: true } : { do: 'again', error, forget: true } };
};

/** R6. Without a trace, so that the next start asks again instead of throwing the session away. */
const refuseUnknown = ({ clientId }: SessionCase): Judgement => ({
  tell: 'unknown',
  put: { record: undefined },
  decision: { do: 'end', error: sessionUnknown(clientId) },
});

const doubt = ({ record, version }: SessionCase): Judgement => {
  const question = record.markers && markerQuestion(record.markers);
  if (version < 5 || question === undefined) return { decision: { do: 'take-unverified' } };
  return { put: { record: beginAsking(record) }, decision: { do: 'verify', question } };
};

/**
 * The error for a broker that lets go of a session which it has just granted (R5e). `held`: a subscription was to hold it, and was granted.
 */
const sessionNotKept = (clientId: string, held: boolean): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `the broker does not keep the session of "${clientId}" from one connection to the next, and exactly-once needs one that outlives it`,
    {
      advice: `${held ? '' : 'Let this client subscribe to millrace/session/#: some brokers keep a session for its subscriptions only. '}Use a broker that keeps the sessions of its clients, or processingGuarantee 'at-least-once'; or choose what becomes of messages in doubt at each loss: onSessionLoss 'redeliver' or 'drop'.`,
      details: { clientId },
    },
  );

/** The error of the policy `fail` (R6). */
const sessionUnknown = (clientId: string): MillraceError =>
  new MillraceError(
    'SESSION_UNKNOWN',
    `the broker has, or may have, a session of "${clientId}" of which this store knows nothing`,
    {
      advice:
        "If its store is lost, restore it. Else choose another client id, or onUnknownSession 'discard' (what the broker keeps for it is thrown away) or 'adopt' (it is taken over).",
      details: { clientId },
    },
  );
