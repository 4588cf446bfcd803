import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { Session } from '../protocol/session/session.js';
import type { ConnectedEvent, SessionEvent } from '../protocol/session/session-event.js';
import { connectRequest } from './connect-request.js';
import { isAuthEvent, isConnectionEvent, isQuestion } from './connection-event.js';
import type { ConnectionListener } from './connection-listener.js';
import type { ConnectionMetrics } from './connection-metrics.js';
import { checkGuarantee } from './granted/check-guarantee.js';
import type { SessionDoubts, SessionIdentity } from './identity/session-identity.js';
import { Link, type LinkEnd } from './link.js';
import type { Login } from './login.js';
import type { MqttConnectionOptions, ServerAddress } from './options/mqtt-connection-options.js';
import { type ConnectAgain, SessionOpening } from './session-opening.js';
import type { SubscriptionKeeper } from './subscriptions/subscription-keeper.js';
import type { Transport } from './transport/transport.js';

/** Whom a conversation tells how far it has come. */
export interface ConversationOwner {
  /** CONNACK accepted us; what becomes of the session is decided after this. */
  onAccepted(event: ConnectedEvent): void;
  /** The connection is to end in order, and the next one to follow at once. */
  onAgain(decision: ConnectAgain): void;
  /** All that is wanted is granted. `try`: first the next CONNECT is to show whether the broker keeps the session (R5e). */
  onGranted(next: 'run' | 'try'): void;
  /** The link has ended, by itself or given up; the last call. */
  onEnd(end: LinkEnd): void;
}

/** What a conversation is made of. */
export interface ConversationParts {
  /** As they were renewed for this attempt. */
  readonly options: MqttConnectionOptions;
  /** Told of the end. */
  readonly owner: ConversationOwner;
  /** Told between CONNACK and the end (Z11). */
  readonly listener: ConnectionListener;
  /** It outlives the conversation, as do the next three. */
  readonly session: Session;
  /** What is wanted and what is granted. */
  readonly subscriptions: SubscriptionKeeper;
  /** Whose the session is. */
  readonly identity: SessionIdentity;
  /** Counted over all conversations. */
  readonly metrics: ConnectionMetrics;
  /** Open, and not started yet. */
  readonly transport: Transport;
  /** Of this connection alone. */
  readonly login: Login;
  /** Where the transport leads: whose session it is goes by that (R5b). */
  readonly address: ServerAddress;
  /** Of its CONNECT. */
  readonly version: ProtocolVersion;
  /** There was a CONNACK in this process before. */
  readonly reconnected: boolean;
}

/**
 * From one CONNECT to the end of its transport: it hands the events of the session to those who handle them, and has the session opened.
 * It owns the link and the `SessionOpening`; a `Connection` has one at a time, and makes another one for the next attempt.
 *
 * Order of calls: `start` once; then `setReading`, and `link.pump` for what the session is told by others; `end` at last, by its owner: when
 * `onEnd` has told it, or before it closes or destroys the `link` itself, of which nothing is told. Its owner is told `onAccepted`, then
 * `onGranted` or `onAgain`, then `onEnd`, which may come instead of any of them.
 *
 * Z11. The listener of the connection is handed its events in order, none before CONNACK and none after `end`.
 * Z12. `connected` is true while that is so, and set before anybody is told of a CONNACK or of the end.
 * Z13. Until all is granted everything is read: an answer that waits behind messages must come.
 *
 * May re-enter: listener and owner may call `link.pump` and `end` amid any call into them; what is left of the turn's events is then told
 * to nobody.
 */
export class Conversation {
  /** For its owner to write, to close and to destroy. */
  readonly link: Link;
  /** Between CONNACK and `end`. A field, for it is asked at each write of a sink. */
  connected = false;
  readonly #parts: ConversationParts;
  #at: 'handshaking' | 'subscribing' | 'running' = 'handshaking';
  #opening: SessionOpening | undefined;
  #connectedAt: number | undefined;
  #moved = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    const { session, transport, login, options, listener, metrics, owner } = parts;
    this.link = new Link({
      session,
      transport,
      authenticator: login.authenticator,
      writeTimeoutMs: options.writeTimeoutMs,
      received: metrics.received,
      sent: metrics.sent,
      listener: {
        onEvents: (events) => this.#onEvents(events),
        onDrain: () => listener.onDrain(),
        onEnd: (end) => owner.onEnd(end),
      },
    });
  }

  /** How far it has come. */
  get at(): 'handshaking' | 'subscribing' | 'running' {
    return this.#at;
  }

  /** Milliseconds since CONNACK; undefined when none came. */
  get connectedMs(): number | undefined {
    return this.#connectedAt === undefined ? undefined : performance.now() - this.#connectedAt;
  }

  /** Messages came or went (R19). */
  get moved(): boolean {
    return this.#moved;
  }

  /** A SUBSCRIBE of the owner's filters is not answered. */
  get awaitsGrant(): boolean {
    if (this.#at === 'running') return this.#parts.listener.awaitsGrant === true;
    return this.#at === 'subscribing' && this.#opening?.awaitsGrant === true;
  }

  /** Sends CONNECT. Throws as `Link.start` does. */
  start(doubts: SessionDoubts): void {
    const { options, version, login } = this.#parts;
    this.link.start(connectRequest(options, { version, clean: false, login, ...doubts }));
  }

  /** Z13. */
  setReading(reading: boolean): void {
    if (this.#at === 'running') this.link.setReading(reading);
  }

  /** It is over, or being closed. */
  end(): void {
    this.connected = false;
    this.#opening?.end();
  }

  /** Events of the listener are handed on in runs, unchanged where there are no others: the hot path copies nothing. */
  #onEvents(events: readonly SessionEvent[]): void {
    let from = 0;
    for (let at = 0; at < events.length; at += 1) {
      const event = events[at];
      if (event === undefined || !isConnectionEvent(event) || this.#isOwners(event)) continue;
      this.#tell(events, from, at);
      from = at + 1;
      if (event.type === 'connected') this.#onConnected(event, events.some(isQuestion));
      else if (this.connected && this.#at === 'subscribing' && !isAuthEvent(event)) this.#opening?.handle(event);
    }
    this.#tell(events, from, events.length);
  }

  /** What is subscribed to once all is granted is the owner's own. */
  #isOwners({ type }: SessionEvent): boolean {
    return this.#at === 'running' && (type === 'subscribed' || type === 'unsubscribed');
  }

  #tell(events: readonly SessionEvent[], from: number, to: number): void {
    if (from === to || !this.connected) return;
    this.#moved = true;
    this.#parts.listener.onSessionEvents(from === 0 && to === events.length ? events : events.slice(from, to));
  }

  #onConnected(event: ConnectedEvent, asks: boolean): void {
    if (this.#at !== 'handshaking') return;
    const { link } = this;
    const { owner, options } = this.#parts;
    this.#opening = new SessionOpening({
      ...this.#parts,
      link,
      event,
      onAgain: (decision) => owner.onAgain(decision),
      onGranted: (next) => this.#onGranted(next),
    });
    this.#at = 'subscribing';
    this.#connectedAt = performance.now();
    this.connected = true;
    owner.onAccepted(event);
    const problem = checkGuarantee(options, event.limits);
    if (problem === undefined) this.#opening.begin(asks);
    else link.giveUp(problem, 0);
  }

  #onGranted(next: 'run' | 'try'): void {
    this.#opening?.end();
    if (next === 'run') this.#at = 'running';
    this.#parts.owner.onGranted(next);
  }
}
