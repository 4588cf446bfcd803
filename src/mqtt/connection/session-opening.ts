import { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { Session } from '../protocol/session/session.js';
import type { ConnectedEvent, SubscriptionAnswerEvent } from '../protocol/session/session-event.js';
import { checkServerLimits } from './check-server-limits.js';
import { isQuestion, type OpeningEvent, type SessionQuestion } from './connection-event.js';
import type { ConnectionListener } from './connection-listener.js';
import type { Decision, SessionIdentity } from './identity/session-identity.js';
import { sessionLost } from './identity/session-lost.js';
import type { Link } from './link.js';
import type { MqttConnectionOptions, ServerAddress } from './options/mqtt-connection-options.js';
import { checkGrantedQos } from './subscriptions/check-granted-qos.js';
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
  readonly options: MqttConnectionOptions;
  readonly listener: ConnectionListener;
  readonly session: Session;
  readonly subscriptions: SubscriptionKeeper;
  readonly durable: SessionIdentity | undefined;
  readonly link: Link;
  readonly address: ServerAddress;
  readonly version: ProtocolVersion;
  /** There was a CONNACK in this process before. */
  readonly reconnected: boolean;
  readonly event: ConnectedEvent;
  /** A lost session is found out, in a job without a store. */
  readonly onLost: () => void;
  /** All that is wanted is granted. */
  readonly onGranted: () => void;
}

/** Why a session is lost to a connection without a store. */
export interface Loss {
  /** This is another server (R5b). */
  readonly elsewhere: boolean;
  /** The server has none although it had one. */
  readonly absent: boolean;
}

/** How a session came out. */
interface Outcome {
  /** It is the one whose state we hold. */
  readonly verified: boolean;
  readonly present: boolean;
  /** As in `Resume`. */
  readonly skipRetained: boolean;
}

/**
 * From CONNACK until all is granted: settles what becomes of the session, then subscribes. With a store each step is durable before
 * the next; the connection may end meanwhile, and what resolves after `end` changes nothing here.
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

  /** `question`: what the session asked behind `connected`; it is handed to `handle` too. */
  begin(question: SessionQuestion | undefined, loss: Loss): void {
    if (this.#parts.durable === undefined) this.#settleAtOnce(question !== undefined, loss);
    else if (question === undefined) this.#believe();
  }

  /** An event that is not the owner's. */
  handle(event: OpeningEvent): void {
    if (event.type === 'session-proven') this.#handleVerdict(event.proven);
    else if (!isQuestion(event)) this.#handleAnswer(event);
    else if (this.#parts.durable !== undefined) void this.#decide(this.#parts.durable, event);
  }

  /** A SUBSCRIBE of the owner's filters is not answered. */
  get awaitsGrant(): boolean {
    return this.#at === 'subscribing' && !this.#parts.subscriptions.settled;
  }

  /** It is over, one way or the other. */
  end(): void {
    this.#at = 'over';
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
  }

  /** Without a store nothing has to be written first. */
  #settleAtOnce(stateLost: boolean, { elsewhere, absent }: Loss): void {
    const { event, subscriptions, options } = this.#parts;
    const lost = stateLost || elsewhere || absent;
    if (lost && !this.#settleLoss(stateLost)) return;
    const { unverified } = subscriptions;
    if (event.sessionPresent && unverified) this.#tell('session-unverified');
    const skipRetained = lost && options.onSessionLoss === 'drop';
    this.#goOn({ verified: !unverified && !elsewhere, present: event.sessionPresent && !elsewhere, skipRetained });
  }

  /** R5. False when the connection is over. */
  #settleLoss(stateLost: boolean): boolean {
    const { options, link, session, listener, onLost } = this.#parts;
    onLost();
    if (options.onSessionLoss === 'fail') {
      link.giveUp(sessionLost(options.clientId), 0);
      return false;
    }
    const givenUp = stateLost ? session.startEpoch(options.onSessionLoss) : [];
    listener.onSessionLost(givenUp);
    return this.#at !== 'over';
  }

  /**
   * Every CONNECT had its CONNACK, so that the session is ours, if the store is: a copy of it from an earlier day would look the
   * same. On 5.0 a marker tells that (R5a); below, each start of a process says that nothing does.
   */
  #believe(): void {
    const { version, reconnected } = this.#parts;
    if (version < 5 && !reconnected) this.#tell('session-unverified');
    this.#follow({ do: 'go-on', verified: true });
  }

  async #decide(durable: SessionIdentity, question: SessionQuestion): Promise<void> {
    const { address, version, session, link } = this.#parts;
    if (this.#at !== 'settling') return;
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    try {
      const decision = await durable.decide(question, { address, version, epoch: session.epoch });
      if (this.#at === 'settling') this.#follow(decision);
    } catch (error) {
      link.giveUp(MillraceError.from(error));
    }
  }

  #handleVerdict(verified: boolean): void {
    this.#tell(verified ? 'session-verified' : 'session-unverified');
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    if (verified) this.#parts.durable?.verified();
    this.#follow({ do: 'go-on', verified });
  }

  /** What the session does goes out after the owner knows. */
  #follow(decision: Decision): void {
    const { link, session } = this.#parts;
    switch (decision.do) {
      case 'fail':
        link.giveUp(decision.error, 0);
        return;
      case 'verify':
        this.#awaitAnswer('UNSUBACK');
        session.prove(decision.question);
        this.#patience = setTimeout(() => this.#takeNew(), PATIENCE_MS);
        break;
      case 'restart':
        link.giveUp(decision.error, 0);
        return;
      case 'begin':
        this.#startEpoch(decision.lost);
        break;
      case 'take-unverified':
        this.#tell('session-unverified');
        session.trust();
        this.#goOn({ verified: false, present: true, skipRetained: false });
        break;
      case 'go-on':
        if (decision.verified) this.#parts.subscriptions.verified();
        this.#goOn({ verified: decision.verified, present: true, skipRetained: false });
    }
    link.pump();
  }

  /** R14b. */
  #takeNew(): void {
    this.#parts.session.takeNew();
    this.#parts.link.pump();
  }

  #startEpoch(lost: boolean): void {
    const { options, session, listener } = this.#parts;
    const policy = lost && options.onSessionLoss === 'drop' ? 'drop' : 'redeliver';
    const givenUp = session.startEpoch(policy);
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
    const { options, session, subscriptions, durable, link, version, event } = this.#parts;
    const problem = checkServerLimits(options.subscriptions, event.limits);
    if (problem !== undefined) {
      link.giveUp(problem, 0);
      return;
    }
    try {
      const batches = { filters: options.subscribeBatchSize, bytes: event.limits.maximumPacketSize };
      subscriptions.begin(session, { version, sessionPresent: present, skipRetained, batches });
      durable?.subscribe(session, { version, batches }, present && verified);
    } catch (error) {
      // what ended the session may have come with CONNACK: that is told next, and is the reason
      if (session.limits !== undefined) link.giveUp(MillraceError.from(error), 0);
      return;
    }
    this.#awaitAnswer('SUBACK');
    this.#checkGranted();
  }

  #handleAnswer(event: SubscriptionAnswerEvent): void {
    if (this.#at !== 'subscribing') return;
    const { options, subscriptions, durable, link } = this.#parts;
    try {
      if (durable?.answered(event) !== true) {
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
    const { subscriptions, durable, onGranted } = this.#parts;
    if (!subscriptions.settled || durable?.settled === false) return;
    clearTimeout(this.#timer);
    if (durable === undefined) onGranted();
    else void this.#writeGrant(durable);
  }

  async #writeGrant(durable: SessionIdentity): Promise<void> {
    const { address, version, subscriptions, link, onGranted } = this.#parts;
    try {
      await durable.granted({ address, version, present: this.#present, subscriptions: subscriptions.held });
      if (this.#at === 'subscribing') onGranted();
    } catch (error) {
      link.giveUp(MillraceError.from(error));
    }
  }

  #awaitAnswer(what: 'SUBACK' | 'UNSUBACK'): void {
    const { options, link } = this.#parts;
    const ms = options.ackTimeoutMs;
    const details = { timeout: what.toLowerCase() };
    const late = new MillraceError('TIMEOUT', `no ${what} within ${ms} ms`, { details, advice: NO_ANSWER });
    this.#timer = setTimeout(() => link.giveUp(late), ms);
  }

  #tell(name: 'session-verified' | 'session-unverified'): void {
    const { options, event } = this.#parts;
    publishDiagnostic(name, { name: options.name, clientId: event.clientId });
  }
}
