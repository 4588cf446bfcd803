import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { MarkerQuestion } from '../../protocol/session/proof/session-proof.js';
import type { SessionLostEvent, SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';
import type { ConnectFacts } from '../connect-request.js';
import type { SessionQuestion } from '../connection-event.js';
import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';
import type { Resume, SubscribingSession } from '../subscriptions/subscription-keeper.js';
import type { Transport } from '../transport/transport.js';
import type { DurableSessionRecord } from './durable-session-record.js';
import { holdFilter } from './hold-filter.js';
import { MarkerKeeper } from './marker-keeper.js';
import { discardingOld, sessionLost } from './session-lost.js';
import { confirmMarkers, markerQuestion, type SessionMarkers } from './session-markers.js';
import { sessionNotKept } from './session-not-kept.js';
import type { SessionPast, UnknownSessionPolicy } from './session-past.js';
import {
  adopt,
  beginAsking,
  beginConnecting,
  beginCreating,
  beginEpoch,
  type HeldSubscription,
  markGranted,
  markLost,
  markWentBack,
  type SessionRecord,
  unmake,
} from './session-record.js';
import { type SessionServer, serverKey } from './session-server.js';
import { sessionUnknown } from './session-unknown.js';

/** What a CONNECT says of a session that the server may have. */
export type SessionDoubts = Pick<ConnectFacts, 'elsewhere' | 'unverified'>;

/** What follows a CONNACK. */
export type Decision =
  /** The session goes on; `verified` false: as if it were ours. */
  | { readonly do: 'go-on'; readonly verified: boolean }
  /** The session is taken as it is: nothing can tell whether it is ours. */
  | { readonly do: 'take-unverified' }
  /** The session waits for the answer to this. */
  | { readonly do: 'verify'; readonly question: MarkerQuestion }
  /** The session waits for `startEpoch`; `lost` false: it is the first of its kind, so that nothing is lost. */
  | { readonly do: 'begin'; readonly lost: boolean }
  /** The connection ends; the next one begins by throwing away what the server has. */
  | { readonly do: 'restart'; readonly error: MillraceError }
  | { readonly do: 'fail'; readonly error: MillraceError };

/** The present connection. */
export interface Place {
  readonly address: ServerAddress;
  readonly version: ProtocolVersion;
  /** That of the session whose state we hold. */
  readonly epoch: number;
}

/** What is known when all is granted. */
export interface Grant extends Pick<Place, 'address' | 'version'> {
  /** The server had the session. */
  readonly present: boolean;
  readonly subscriptions: readonly HeldSubscription[];
}

/** What a durable life is made of. */
export interface DurableParts {
  readonly link: SessionPast;
  readonly stored: DurableSessionRecord;
  readonly server: SessionServer;
  /** `settingsDigest` of the options. */
  readonly settings: string;
  /** A lost session is found out; `wentBack`: it is there as it was at an earlier time (R5c). */
  readonly onLost: (wentBack: boolean) => void;
}

/**
 * What a connection of a job with a store writes down, and what it may do once that is durable. The order of things:
 * D1. `connecting` (R5a), or `creating` (R6a), is durable before a CONNECT.
 * D2. A new epoch is durable before the session forgets what it held of the old one (R5).
 * D3. A marker is spent durably before it is used, so that a crash amid a proof does not look like a lost session (R5c).
 * D4. What the session has is written down after the broker has granted it, and not believed before; so is what it has no more.
 * D5. A session that went back keeps what it has queued for us. One to which we only publish has nothing queued, but may have messages
 *     of ours half done, whose ids new ones would meet: it is thrown away (R5c), which is durably decided first.
 */
export class SessionIdentity {
  readonly #options: MqttConnectionOptions;
  readonly #unknown: UnknownSessionPolicy;
  readonly #server: SessionServer;
  readonly #onLost: DurableParts['onLost'];
  readonly #settings: string;
  readonly #stored: DurableSessionRecord;
  readonly #markers: MarkerKeeper;
  /** A CONNECT may have made the session that is still to be created: what is there is thrown away first (R6a). */
  #unsure: boolean;
  #begun = false;
  /** The present connection is to another server, or in another version, than the session that the record speaks of (R5b). */
  #moved = false;
  /** The markers as they were when the present connection asked; undefined when it does not. */
  #asked: SessionMarkers | undefined;
  /** The markers as the answer leaves them. */
  #confirmed: SessionMarkers | undefined;
  /** It is told that the session went back, and not settled yet. */
  #toldBack = false;

  /** @throws MillraceError INVALID_OPTIONS for a session that is not kept */
  constructor(options: MqttConnectionOptions, { link, stored, server, settings, onLost }: DurableParts) {
    if (!options.keepSession) {
      throw new MillraceError('INVALID_OPTIONS', 'a connection of a job with a store needs a session that is kept');
    }
    this.#options = options;
    const nonce = (): string => randomBytes(8).toString('hex');
    this.#markers = new MarkerKeeper(nonce, this.#discardsOld ? holdFilter(options.clientId) : undefined);
    this.#unknown = link.onUnknownSession;
    this.#stored = stored;
    this.#server = server;
    this.#onLost = onLost;
    this.#settings = settings;
    this.#unsure = link.onUnknownSession === 'discard' || stored.record?.phase === 'creating';
  }

  /** Rejects with SESSION_LOST for a loss that is still to be decided about (R17). */
  async check(): Promise<void> {
    if (this.#stored.record?.lost !== true || this.#options.onSessionLoss !== 'fail') return;
    await this.#stored.durable();
    throw sessionLost(this.#options.clientId, this.#record.wentBack);
  }

  /** Before a CONNECT, also a clean one (D1). The open transport does not outlive a failure, or an abort meanwhile. */
  async begin(transport: Pick<Transport, 'destroy'>, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => transport.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await this.#putBegun();
    } catch (error) {
      transport.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #putBegun(): Promise<void> {
    const { record } = this.#stored;
    const created = record !== undefined && (record.phase === 'established' || this.#begun);
    this.#begun = true;
    if (!created) await this.#stored.put(beginCreating(record));
    else if (!record.connecting) await this.#stored.put(beginConnecting(record));
  }

  /** What the server has for our client id must be thrown away before the CONNECT that counts (R6a, R8b). */
  mustDiscard(address: ServerAddress): boolean {
    if (!this.#creating) {
      if (this.#options.onSessionLoss === 'fail') return false;
      if (this.#record.wentBack) return this.#discardsOld && !this.#server.isClean(address);
      return this.#server.mustDiscard(address);
    }
    return this.#unsure && this.#unknown !== 'adopt' && !this.#server.isClean(address);
  }

  /** What the session has to know of the CONNECT. `unverified`: a present session may be an empty one. */
  request(at: Pick<Place, 'address' | 'version'>, unverified: boolean): SessionDoubts {
    this.#asked = undefined;
    this.#confirmed = undefined;
    if (this.#creating) return { elsewhere: this.#server.isClean(at.address), unverified: true };
    const { version, lost, wentBack } = this.#record;
    this.#moved = version !== at.version || this.#server.isElsewhere(at.address);
    const asks = at.version === 5 && this.#question !== undefined;
    return { elsewhere: lost || wentBack || this.#moved, unverified: unverified || asks };
  }

  /** A CONNECT ended without a CONNACK. */
  connectUnanswered(): void {
    this.#unsure = true;
  }

  /** What follows, when it is durable that it may. Rejects with what ended the store. */
  decide(question: SessionQuestion, place: Place): Promise<Decision> {
    if (question.type === 'session-lost') {
      return this.#creating ? this.#create(question.epoch, place) : this.#settleLoss(question, place);
    }
    return this.#creating ? this.#meetUnknown(place) : this.#doubt(place);
  }

  /** The server has answered what `decide` asked: the session is ours, and what it was asked for is gone. */
  verified(): void {
    const { markers } = this.#record;
    if (this.#asked === undefined || markers === undefined) return;
    this.#confirmed = confirmMarkers(this.#asked, markers);
  }

  /** Beside the SUBSCRIBEs of the owner. `resumed`: the session is verified to be the one that the record speaks of. */
  subscribe(session: SubscribingSession, at: Pick<Resume, 'version' | 'batches'>, resumed: boolean): void {
    this.#markers.begin(session, at, resumed ? (this.#confirmed ?? this.#record.markers) : undefined);
  }

  /** True when the answer was to a SUBSCRIBE or UNSUBSCRIBE of ours. */
  answered(event: SubscriptionAnswerEvent): boolean {
    return this.#markers.answered(event);
  }

  /** Nothing is awaited any more. */
  get settled(): boolean {
    return this.#markers.settled;
  }

  /** All is granted (D4). */
  async granted({ address, version, present, subscriptions }: Grant): Promise<void> {
    const { markers } = this.#markers;
    // 3.1 cannot say whether it has a session
    const tried = this.#record.tried !== false || present || version === 3 || !this.#options.requireKeptSession;
    await this.#stored.put(
      markGranted(this.#record, {
        server: serverKey(address),
        version,
        markers,
        settings: this.#settings,
        tried,
        subscriptions,
      }),
    );
  }

  /** R5e: nothing has shown yet whether the broker keeps the session: the next CONNECT does, and is due now. */
  get mustTry(): boolean {
    return this.#record.tried === false;
  }

  get #record(): SessionRecord {
    const { record } = this.#stored;
    if (record === undefined) throw new MillraceError('INTERNAL', 'a connection without a record of its session');
    return record;
  }

  get #question(): MarkerQuestion | undefined {
    const { markers } = this.#record;
    return markers && markerQuestion(markers);
  }

  /** Nothing is queued for us there. */
  get #discardsOld(): boolean {
    return this.#options.subscriptions.length === 0;
  }

  get #creating(): boolean {
    return this.#record.phase === 'creating';
  }

  async #create(epoch: number, { address, version }: Place): Promise<Decision> {
    // 3.1 cannot say whether it has a session
    if (version === 3 && this.#unknown === 'fail' && !this.#server.isClean(address)) return this.#refuseUnknown();
    this.#server.discarded(address);
    if (this.#record.epoch !== epoch) await this.#stored.put({ ...this.#record, epoch });
    return { do: 'begin', lost: false };
  }

  async #settleLoss({ epoch, wentBack }: SessionLostEvent, { address, version }: Place): Promise<Decision> {
    const { onSessionLoss: policy, clientId } = this.#options;
    if (this.mustTry && !this.#moved) return this.#settleNotKept(epoch, { address, version });
    const back = wentBack || this.#record.wentBack;
    if (!back || !this.#toldBack) this.#onLost(back);
    this.#toldBack = back;
    if (policy === 'fail') {
      // elsewhere nothing is gone: where the record says, the session may still be
      if (!this.#moved) await this.#stored.put(markLost(back ? markWentBack(this.#record) : this.#record));
      return { do: 'fail', error: sessionLost(clientId, back) };
    }
    if (wentBack && this.#discardsOld) return this.#discardWentBack();
    this.#toldBack = false;
    await this.#stored.put(beginEpoch(this.#record, { epoch, policy, server: serverKey(address), version }));
    return { do: 'begin', lost: true };
  }

  /** R5e: nothing is lost yet, but would be at each cut. */
  async #settleNotKept(epoch: number, { address, version }: Pick<Place, 'address' | 'version'>): Promise<Decision> {
    const { name, onSessionLoss: policy, clientId } = this.#options;
    publishDiagnostic('session-not-kept', { name, clientId, policy });
    if (policy === 'fail') {
      await this.#stored.put(unmake(this.#record));
      return { do: 'fail', error: sessionNotKept(clientId, this.#markers.holds) };
    }
    await this.#stored.put(beginEpoch(this.#record, { epoch, policy, server: serverKey(address), version }));
    return { do: 'begin', lost: true };
  }

  /** D5. */
  async #discardWentBack(): Promise<Decision> {
    this.#server.spoiled();
    await this.#stored.put(markWentBack(this.#record));
    return { do: 'restart', error: discardingOld(this.#options.clientId) };
  }

  async #meetUnknown({ address, version, epoch }: Place): Promise<Decision> {
    if (this.#unknown !== 'adopt') return this.#refuseUnknown();
    this.#sayUnknown();
    await this.#stored.put(adopt(this.#record, { server: serverKey(address), version, epoch }));
    return { do: 'take-unverified' };
  }

  /** R6. Without a trace, so that the next start asks again instead of throwing the session away. */
  async #refuseUnknown(): Promise<Decision> {
    this.#sayUnknown();
    await this.#stored.put(undefined);
    return { do: 'fail', error: sessionUnknown(this.#options.clientId) };
  }

  #sayUnknown(): void {
    const { name, clientId } = this.#options;
    publishDiagnostic('session-unknown', { name, clientId, policy: this.#unknown });
  }

  async #doubt({ version }: Place): Promise<Decision> {
    const question = this.#question;
    if (version < 5 || question === undefined) return { do: 'take-unverified' };
    this.#asked = this.#record.markers;
    await this.#stored.put(beginAsking(this.#record));
    return { do: 'verify', question };
  }
}
