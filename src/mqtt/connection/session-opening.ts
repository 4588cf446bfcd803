import { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { Session } from '../protocol/session/session.js';
import type { ConnectedEvent, SubscriptionAnswerEvent } from '../protocol/session/session-event.js';
import { isQuestion, type OpeningEvent } from './connection-event.js';
import type { ConnectionListener } from './connection-listener.js';
import { checkGrantedQos } from './granted/check-granted-qos.js';
import { checkServerLimits } from './granted/check-server-limits.js';
import type { Decision, SessionQuestion } from './identity/record/judge-session.js';
import type { AfterGrant, SessionIdentity } from './identity/session-identity.js';
import { tellUnverified } from './identity/tell-unverified.js';
import type { Link } from './link.js';
import type { MqttConnectionOptions, ServerAddress } from './options/mqtt-connection-options.js';
import type { SubscriptionKeeper } from './subscriptions/subscription-keeper.js';

/**
 * A server that has not answered for the markers after this time may wait for an acknowledgement itself (R14b). Any other answers in a
 * round trip, so that nothing is taken from a session that went back.
 */
const PATIENCE_MS = 2000;
const NO_ANSWER =
  'If the broker takes fewer filters in one SUBSCRIBE or UNSUBSCRIBE, set subscribeBatchSize of the connect options.';

/** What an opening is made of. */
export interface OpeningParts {
  /** As in `ConversationParts`. */
  readonly options: MqttConnectionOptions;
  /** Told between CONNACK and the end. */
  readonly listener: ConnectionListener;
  /** Outlives the opening. */
  readonly session: Session;
  /** Made to be what is wanted before the session is used. */
  readonly subscriptions: SubscriptionKeeper;
  /** Says what is to be proven, and keeps what was. */
  readonly identity: SessionIdentity;
  /** The conversation's. It is pumped here, and given up when the session cannot be had. */
  readonly link: Link;
  /** Of the server at the other end. */
  readonly address: ServerAddress;
  /** Below 5.0 nothing can be proven. */
  readonly version: ProtocolVersion;
  /** There was a CONNACK in this process before. */
  readonly reconnected: boolean;
  /** The CONNACK that it begins with. */
  readonly event: ConnectedEvent;
  /** As `ConversationOwner`. */
  readonly onAgain: (decision: ConnectAgain) => void;
  /** All that is wanted is granted: the connection is used, or tried first (R5e). */
  readonly onGranted: (next: 'run' | 'try') => void;
}

/** Why, and with what for the session, a connection ends before it is used. */
export type ConnectAgain = Extract<Decision, { do: 'again' }>;

/** How a session came out. */
interface Outcome {
  /** It is the one whose state we hold. */
  readonly verified: boolean;
  readonly present: boolean;
  /** As in `Resume`. */
  readonly skipRetained: boolean;
}

/**
 * From CONNACK until all is granted: does what the identity decides about the session, then subscribes. One for each connection that
 * was accepted; it owns what is awaited on it meanwhile, and two timers.
 *
 * Order of calls, by the conversation: `begin` in the turn of `connected`, then `handle` for each event that is not the listener's, then
 * `end`: when all is granted, and when the conversation is over. Within: settling (`meet` of the identity, again for each question; the
 * listener's `onSessionLost`, then `onConnected`), subscribing (SUBSCRIBEs of the owner and of the identity, their answers, the grant), over.
 *
 * O1. Nothing is subscribed, and the owner hears nothing of the connection, before it is decided what becomes of the session. But new
 *     messages of a broker that is slow to answer reach it (R14b).
 * O2. What the session sends because of a decision goes out after the owner was told of it.
 * O3. Each answer that is awaited has one timer; the connection is given up when it is late.
 * O4. After `end` nothing here changes anything: an identity with a store calls back when its put is durable, perhaps much later.
 * O5. Where another owner may have the session by now, it is the store that says whether it is ours to speak for, before anything is
 *     asked, told or sent (C3); what the server sends meanwhile waits in the session, which asks something there on each connection.
 *
 * May re-enter: a listener, and a link that is given up, may end the connection (`end`) amid any call into them, so that the state is
 * looked at again after each. Without a store an identity calls back before it returns.
 */
export class SessionOpening {
  readonly #parts: OpeningParts;
  #at: 'settling' | 'subscribing' | 'over' = 'settling';
  /** As in `Outcome`. */
  #present = false;
  #timer: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  /** `connected` came. `asks`: a question of the session follows, for `handle`. */
  begin(asks: boolean): void {
    if (!asks) this.#meet(undefined);
  }

  /** An event that is not the owner's. */
  handle(event: OpeningEvent): void {
    if (event.type === 'session-proven') this.#handleVerdict(event.proven);
    else if (isQuestion(event)) this.#meet(event);
    else this.#handleAnswer(event);
  }

  /** A SUBSCRIBE of the owner's filters is not answered. */
  get awaitsGrant(): boolean {
    return this.#at === 'subscribing' && !this.#parts.subscriptions.settled;
  }

  /** It is over, one way or the other. */
  end(): void {
    this.#at = 'over';
    this.#stopTimers();
  }

  #meet(question: SessionQuestion | undefined): void {
    if (this.#at !== 'settling') return;
    // the question may be the answer to `verify`: nothing is awaited any more
    this.#stopTimers();
    const { identity, address, version, reconnected, session, subscriptions, event } = this.#parts;
    const { clientId, sessionPresent: present } = event;
    const { unverified } = subscriptions;
    const met = { address, version, epoch: session.epoch, clientId, present, reconnected, unverified };
    identity.meet(question, met, (decision) => this.#orGiveUp(() => this.#follow(decision)));
  }

  #handleVerdict(verified: boolean): void {
    this.#tellVerdict(verified);
    this.#stopTimers();
    if (verified) this.#parts.identity.verified();
    this.#follow({ do: 'go-on', verified, present: true });
  }

  /** O2. */
  #follow(decision: Decision): void {
    const { link, session, subscriptions } = this.#parts;
    if (this.#at !== 'settling') return;
    switch (decision.do) {
      case 'again':
        this.#parts.onAgain(decision);
        return;
      case 'cut':
        link.giveUp(decision.error);
        return;
      case 'end':
        link.giveUp(decision.error, 0, decision.forget === true ? { sessionExpiryInterval: 0 } : undefined);
        return;
      case 'verify':
        this.#awaitAnswer('UNSUBACK');
        session.prove(decision.question);
        this.#patience = setTimeout(() => this.#takeNew(), PATIENCE_MS);
        break;
      case 'begin':
        this.#startAnew(decision);
        break;
      case 'take-unverified':
        this.#tellVerdict(false);
        session.trust();
        this.#goOn({ verified: false, present: true, skipRetained: false });
        break;
      case 'go-on':
        if (decision.verified) subscriptions.verified();
        this.#goOn({ ...decision, skipRetained: false });
    }
    link.pump();
  }

  /** R14b. */
  #takeNew(): void {
    this.#parts.session.takeNew();
    this.#parts.link.pump();
  }

  #startAnew({ lost, holds }: Extract<Decision, { do: 'begin' }>): void {
    const { options, session, listener } = this.#parts;
    const policy = lost && options.onSessionLoss === 'drop' ? 'drop' : 'redeliver';
    const givenUp = holds ? session.startEpoch(policy) : [];
    if (lost) listener.onSessionLost(givenUp);
    this.#goOn({ verified: false, present: false, skipRetained: policy === 'drop' });
  }

  /** What became of the session is settled: publishing may begin. */
  #goOn(outcome: Outcome): void {
    if (this.#at !== 'settling') return;
    this.#at = 'subscribing';
    this.#present = outcome.present;
    this.#parts.listener.onConnected(this.#parts.event, outcome.verified);
    if (this.#at === 'subscribing') this.#subscribe(outcome);
  }

  #subscribe({ verified, present, skipRetained }: Outcome): void {
    const { options, session, subscriptions, identity, link, version, event } = this.#parts;
    const problem = checkServerLimits(options.subscriptions, event.limits);
    if (problem !== undefined) {
      link.giveUp(problem, 0);
      return;
    }
    try {
      const batches = { filters: options.subscribeBatchSize, bytes: event.limits.maximumPacketSize };
      subscriptions.begin(session, { version, sessionPresent: present, skipRetained, batches });
      identity.subscribe(session, { version, batches }, present && verified);
    } catch (error) {
      // what ended the session may have come with CONNACK: that is told next, and is the reason
      if (session.limits !== undefined) link.giveUp(MillraceError.from(error), 0);
      return;
    }
    // also where nothing is asked for: then `#checkGranted` stops it at once
    this.#awaitAnswer('SUBACK');
    this.#checkGranted();
  }

  #handleAnswer(event: SubscriptionAnswerEvent): void {
    if (this.#at !== 'subscribing') return;
    const { options, subscriptions, identity, link } = this.#parts;
    try {
      if (!identity.answered(event)) {
        for (const granted of subscriptions.answered(event)) checkGrantedQos(granted, options);
      }
    } catch (error) {
      const refusal = MillraceError.from(error);
      link.giveUp(refusal, refusal.code === 'PROTOCOL_ERROR' ? 0x82 : 0);
      return;
    }
    this.#checkGranted();
  }

  #checkGranted(): void {
    const { identity, address, version, subscriptions } = this.#parts;
    if (!subscriptions.settled || !identity.settled) return;
    // what is awaited now is the store, not the server
    clearTimeout(this.#timer);
    const grant = { address, version, present: this.#present, subscriptions: subscriptions.held };
    identity.granted(grant, (next) => this.#orGiveUp(() => this.#finish(next)));
  }

  #finish(next: AfterGrant): void {
    if (next.do === 'cut') this.#parts.link.giveUp(next.error);
    else if (this.#at === 'subscribing') this.#parts.onGranted(next.do);
  }

  /** What is called back has nobody above it who would hear of an error. */
  #orGiveUp(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#parts.link.giveUp(MillraceError.from(error));
    }
  }

  #stopTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
  }

  #awaitAnswer(what: 'SUBACK' | 'UNSUBACK'): void {
    const { options, link } = this.#parts;
    const ms = options.ackTimeoutMs;
    const details = { timeout: what.toLowerCase() };
    const late = new MillraceError('TIMEOUT', `no ${what} within ${ms} ms`, { details, advice: NO_ANSWER });
    this.#timer = setTimeout(() => link.giveUp(late), ms);
  }

  #tellVerdict(verified: boolean): void {
    const { options, event, address } = this.#parts;
    const { clientId } = event;
    if (verified) publishDiagnostic('session-verified', { name: options.name, clientId });
    else tellUnverified(options.name, { clientId, address }, options.past !== undefined);
  }
}
