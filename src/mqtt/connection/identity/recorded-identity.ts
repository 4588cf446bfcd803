import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';
import { isSharedFilter } from '../../protocol/topic.js';
import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';
import { settingsDigest } from '../options/settings-digest.js';
import type { PolicyFacts } from '../reconnect/policy-facts.js';
import {
  type KeptSession,
  NOTHING_KEPT,
  type Resume,
  type SubscribingSession,
} from '../subscriptions/subscription-keeper.js';
import type { Transport } from '../transport/transport.js';
import { holdFilter } from './hold-filter.js';
import { type Decision, type Judgement, judgeSession, type SessionQuestion } from './record/judge-session.js';
import { MarkerKeeper } from './record/marker-keeper.js';
import { sessionLost } from './record/session-lost.js';
import { confirmMarkers, markerQuestion, type SessionMarkers } from './record/session-markers.js';
import {
  beginConnecting,
  beginCreating,
  epochOf,
  keptSession,
  markGranted,
  policyFacts,
  type SessionRecord,
} from './record/session-record.js';
import { RecordKeeper } from './record-keeper.js';
import type {
  AfterGrant,
  Grant,
  Met,
  Place,
  SessionBirth,
  SessionDoubts,
  SessionIdentity,
} from './session-identity.js';
import { SessionNews } from './session-news.js';
import type { SessionPast } from './session-past.js';
import { SessionServer, serverKey } from './session-server.js';
import { tellUnverified } from './tell-unverified.js';

/**
 * With a store: what a connection writes down of its session, and what it may do once that is durable. The order of things:
 * RI1. `connecting` (R5a), or `creating` (R6a), is durable before a CONNECT; `made` before the first SUBSCRIBE.
 * RI2. A new epoch is durable before the session forgets what it held of the old one (R5).
 * RI3. A marker is spent durably before it is used, so that a crash amid a question does not look like a lost session (R5c).
 * RI4. What the session has is written down after the broker has granted it, and not believed before; so is what it has no more.
 * RI5. After a put that failed nothing is decided any more: the connection is cut, and each later put fails like it (R13).
 * RI6. Where another owner may take the store over (C3), a write of ours is durable before each CONNECT, and behind each CONNACK before
 *     anything is said or sent, also where nothing has changed; and no session is believed without a proof, for a CONNECT of the other one
 *     may have come in between.
 *
 * What is decided is `judgeSession`'s; here is when it is durable, and what is remembered from one call to the next.
 */
export class RecordedIdentity implements SessionIdentity {
  readonly versionIsFree = false;
  readonly facts: PolicyFacts;
  readonly kept: KeptSession;
  readonly birth: SessionBirth;
  readonly #options: MqttConnectionOptions;
  readonly #past: SessionPast;
  readonly #news: SessionNews;
  readonly #settings: string;
  readonly #stored: RecordKeeper;
  readonly #server: SessionServer;
  readonly #markers: MarkerKeeper;
  /** A CONNECT may have made the session that is still to be created: what is there is thrown away (R6a). */
  #unsure: boolean;
  #begun = false;
  /** A SUBSCRIBE may have been sent, by this process or the one before. */
  #subscribed: boolean;
  /** A DISCONNECT was to end what the server had before ours was made. */
  #forgot = false;
  /** As in `SessionCase`. */
  #moved = false;
  /** The markers as they were when the present connection asked; undefined when it does not. */
  #asked: SessionMarkers | undefined;
  /** The markers as the answer leaves them. */
  #confirmed: SessionMarkers | undefined;

  /**
   * `onLost`: a lost session is found out; `wentBack`: it is there as it was at an earlier time (R5c).
   * @throws MillraceError INVALID_OPTIONS for a session that is not kept, STORE_CORRUPT
   */
  constructor(options: MqttConnectionOptions, past: SessionPast, onLost: (wentBack: boolean) => void) {
    if (!options.keepSession) {
      throw new MillraceError('INVALID_OPTIONS', 'a connection of a job with a store needs a session that is kept');
    }
    this.#options = options;
    this.#past = past;
    this.#news = new SessionNews(options, past.onUnknownSession, onLost);
    this.#settings = settingsDigest(options);
    this.#stored = new RecordKeeper(past.record);
    const { record } = this.#stored;
    this.facts = policyFacts(record, this.#settings);
    this.kept = record === undefined ? NOTHING_KEPT : keptSession(record);
    this.birth = { settlesEmpty: true, storesIds: true, state: { ...past.restored, epoch: epochOf(record) } };
    this.#server = new SessionServer(options, record?.server);
    const nonce = (): string => randomBytes(8).toString('hex');
    this.#markers = new MarkerKeeper(nonce, this.#publishesOnly ? holdFilter(options.clientId) : undefined);
    this.#unsure = past.onUnknownSession === 'discard' || record?.phase === 'creating';
    this.#subscribed = record?.phase === 'made';
  }

  async check(): Promise<void> {
    if (this.#stored.record?.lost !== true || this.#options.onSessionLoss !== 'fail') return;
    await this.#stored.renew();
    throw sessionLost(this.#options.clientId, this.#record.wentBack);
  }

  get fenceable(): boolean {
    return this.#stored.fenceable;
  }

  /** RI1, RI6. */
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
    const created = record !== undefined && (record.phase !== 'creating' || this.#begun);
    this.#begun = true;
    // what an earlier process began to make, and did not hear of, is begun anew (R6a)
    if (!created) await this.#stored.put(beginCreating(record));
    else if (!record.connecting) await this.#stored.put(beginConnecting(record));
    else await this.#stored.renew();
  }

  mustDiscard(address: ServerAddress): boolean {
    if (!this.#creating) {
      if (this.#options.onSessionLoss === 'fail') return false;
      if (this.#record.wentBack) return !this.fenceable && this.#publishesOnly && !this.#server.isClean(address);
      return this.#server.mustDiscard(address);
    }
    // nothing is thrown away by a CONNECT that was not found there (C3)
    const discards = this.fenceable ? this.#server.isUnclean(address) : this.#unsure;
    return discards && this.#past.onUnknownSession !== 'adopt' && !this.#server.isClean(address);
  }

  discarded(address: ServerAddress): void {
    this.#server.discarded(address);
  }

  request(at: Pick<Place, 'address' | 'version'>, unverified: boolean): SessionDoubts {
    this.#asked = undefined;
    this.#confirmed = undefined;
    if (this.#creating) return { elsewhere: this.#server.isClean(at.address), unverified: true };
    const { version, lost, wentBack, markers } = this.#record;
    this.#moved = version !== at.version || this.#server.isElsewhere(at.address);
    // also where nothing is in doubt: it may have gone back (R5c)
    const asks = at.version === 5 && markers !== undefined && markerQuestion(markers) !== undefined;
    return { elsewhere: lost || wentBack || this.#moved, unverified: unverified || asks };
  }

  connectUnanswered(): void {
    this.#unsure = true;
  }

  accepted(address: ServerAddress): void {
    this.#server.accepted(address);
  }

  meet(question: SessionQuestion | undefined, met: Met, follow: (decision: Decision) => void): void {
    if (question === undefined) follow(this.#believe(met));
    else void this.#settle(question, met).then(follow);
  }

  verified(): void {
    const { markers } = this.#record;
    if (this.#asked === undefined || markers === undefined) return;
    this.#confirmed = confirmMarkers(this.#asked, markers);
  }

  subscribe(session: SubscribingSession, at: Pick<Resume, 'version' | 'batches'>, resumed: boolean): void {
    this.#subscribed = true;
    this.#markers.begin(session, at, resumed ? (this.#confirmed ?? this.#record.markers) : undefined);
  }

  answered(event: SubscriptionAnswerEvent): boolean {
    return this.#markers.answered(event);
  }

  get settled(): boolean {
    return this.#markers.settled;
  }

  /** RI4. */
  granted(grant: Grant, follow: (next: AfterGrant) => void): void {
    void this.#putGranted(grant).then(follow);
  }

  /** Never rejects. */
  async #putGranted({ address, version, present, subscriptions }: Grant): Promise<AfterGrant> {
    try {
      const { markers } = this.#markers;
      // 3.1 cannot say whether it has a session
      const tried = this.#record.tried !== false || present || version === 3 || !this.#options.requireKeptSession;
      const facts = { server: serverKey(address), version, markers, settings: this.#settings, tried, subscriptions };
      await this.#stored.put(markGranted(this.#record, facts));
      return { do: tried ? 'run' : 'try' };
    } catch (error) {
      return { do: 'cut', error: MillraceError.from(error) };
    }
  }

  get #record(): SessionRecord {
    const { record } = this.#stored;
    if (record === undefined) throw new MillraceError('INTERNAL', 'a connection without a record of its session');
    return record;
  }

  /** Nothing is queued for us at the broker. */
  get #publishesOnly(): boolean {
    return this.#options.subscriptions.length === 0;
  }

  /** This process, or the one before, reads as one of a group. */
  get #hasGroup(): boolean {
    const { subscriptions } = this.#record;
    const asked = subscriptions.map(({ subscription }) => subscription);
    return [...this.#options.subscriptions, ...asked].some(({ filter }) => isSharedFilter(filter));
  }

  get #creating(): boolean {
    return this.#record.phase === 'creating';
  }

  /**
   * Every CONNECT had its CONNACK, so that the session is ours, if the store is: a copy of it from an earlier day would look the
   * same. On 5.0 a marker tells that (R5a); below, each start of a process says that nothing does.
   */
  #believe(met: Met): Decision {
    if (this.fenceable)
      throw new MillraceError('INTERNAL', 'C3: a session that another owner may have had is believed');
    if (met.version < 5 && !met.reconnected) tellUnverified(this.#options.name, met, true);
    return { do: 'go-on', verified: true, present: true };
  }

  #judge(question: SessionQuestion, { address, version, epoch, present }: Met): Judgement {
    const { clientId, onSessionLoss, subscriptions } = this.#options;
    return judgeSession(question, {
      record: this.#record,
      server: serverKey(address),
      version,
      epoch,
      clean: this.#server.isClean(address),
      moved: this.#moved,
      present,
      fenceable: this.fenceable,
      publishesOnly: this.#publishesOnly,
      held: this.#markers.holds,
      wanted: subscriptions,
      joined: this.#subscribed && this.#hasGroup,
      discards: this.#unsure,
      forgot: this.#forgot,
      clientId,
      onSessionLoss,
      onUnknownSession: this.#past.onUnknownSession,
    });
  }

  /** RI2, RI3, RI5, RI6: says what is to be said, writes what is to be written, and then gives the decision. Never rejects. */
  async #settle(question: SessionQuestion, met: Met): Promise<Decision> {
    try {
      const { tell, server, put, decision } = this.#judge(question, met);
      // a put is a proof itself, unless something is said before it
      if (this.fenceable && (put === undefined || tell !== undefined)) await this.#stored.renew();
      // before the put, which may fail: what was found out is to be known
      if (tell !== undefined) this.#news.tell(tell);
      if (decision.do === 'begin') this.#news.settled();
      // before the put, which spends them
      if (decision.do === 'verify') this.#asked = this.#record.markers;
      if (decision.do === 'again') this.#forgot ||= decision.forget;
      if (server === 'clean') this.#server.discarded(met.address);
      if (server === 'unclean') this.#server.found(met.address);
      if (server === 'spoiled') this.#server.spoiled();
      if (put !== undefined) await this.#stored.put(put.record);
      return decision;
    } catch (error) {
      return { do: 'cut', error: MillraceError.from(error) };
    }
  }
}
