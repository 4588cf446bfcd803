import { setMaxListeners } from 'node:events';
import { MillraceError } from '../../errors/millrace-error.js';
import { type Deferred, deferred } from '../../internal/deferred.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { Properties } from '../protocol/properties.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { Session } from '../protocol/session/session.js';
import type { ConnectedEvent } from '../protocol/session/session-event.js';
import { atServer } from './at-server.js';
import { ControlConnection, type ControlListener, type ControlTarget } from './conflict/control-connection.js';
import { TakeoverTrial } from './conflict/takeover-trial.js';
import { sessionOptions } from './connect-request.js';
import { ConnectionDiagnostics } from './connection-diagnostics.js';
import { ConnectionEnds } from './connection-ends.js';
import type { ConnectionListener } from './connection-listener.js';
import { type ConnectionMetrics, connectionMetrics } from './connection-metrics.js';
import { type ConnectionStage, type ConnectionState, conversationOf, isOver, stateAfter } from './connection-state.js';
import { Conversation } from './conversation.js';
import { Dialer } from './dialer.js';
import { makeIdentity } from './identity/make-identity.js';
import type { SessionIdentity } from './identity/session-identity.js';
import type { LinkEnd } from './link.js';
import type { Login } from './login.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';
import { type NextStep, ReconnectPolicy } from './reconnect/reconnect-policy.js';
import { SubscriptionKeeper } from './subscriptions/subscription-keeper.js';
import { formatAddress } from './transport/format-address.js';
import type { Transport } from './transport/transport.js';

export type { ConnectionListener } from './connection-listener.js';
export type { GrantedSubscription } from './subscriptions/wanted-subscription.js';

/** Milliseconds for the DISCONNECT to leave. */
const GOODBYE_MS = 1000;
const KEPT_OR_NOT = 'the connection was closed to see whether the broker keeps the session';

/**
 * Drives one Session over one transport after another: connects, subscribes, reconnects, fails over, times out. It owns the session and
 * all that outlives a single attempt: the policy of what follows an end (`ReconnectPolicy`), what the session is to have
 * (`SubscriptionKeeper`), whose it is (`SessionIdentity`), what an end shows (`ConnectionEnds`), and the present `Conversation`.
 *
 * Order of calls: `open` once; commands on `session`, each followed by `flush`; `setReading` at any time; `reconnect` after an end,
 * where there is no auto-reconnect; `close` once. Each attempt goes: what the identity wants first, `renew`, login, transport, what is
 * to be durable before a CONNECT, an old session thrown away (by a login and a transport of its own), the conversation, which on a first start
 * is ended once to see what the broker keeps (R5e), and once to throw away what it had (R6a); then its end, what follows, and perhaps a trial
 * (R19a).
 *
 * Z31. One attempt at a time, one conversation at a time: `#live` is the only loop, and waits for each to end.
 * Z32. `closed` and `failed` are final: what resolves afterwards changes nothing, and destroys the transport that it brings.
 * Z33. Each end is told once, with what follows decided: `onDisconnected`, then the rejection of `open` or `reconnect`, or `onFailed`;
 *      and once more where a trial has found out more about it.
 *
 * May re-enter: a listener may call `flush`, `setReading` and `close` amid any call; the state is looked at again after each.
 */
export class Connection {
  #options: MqttConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #metrics: ConnectionMetrics;
  readonly #diagnostics: ConnectionDiagnostics;
  readonly #policy: ReconnectPolicy;
  readonly #ends: ConnectionEnds;
  readonly #subscriptions: SubscriptionKeeper;
  readonly #session: Session;
  readonly #stop = new AbortController();
  readonly #dialer: Dialer;
  readonly #identity: SessionIdentity;
  #state: ConnectionState = { at: 'idle' };
  #version: ProtocolVersion;
  /** The pending `open` or `reconnect`. */
  #opening: Deferred<void> | undefined;
  #closing: Promise<void> | undefined;
  #reading = true;
  /** Ends the present conversation; set with the conversation. */
  #leave: (next: NextStep) => void = () => {};

  constructor(options: MqttConnectionOptions, listener: ConnectionListener) {
    this.#options = options;
    this.#listener = listener;
    this.#metrics = connectionMetrics(options.metrics, options.labels, () => this.connected);
    this.#diagnostics = new ConnectionDiagnostics(options, this.#metrics);
    // a trial holds up to ten connections, each of which listens while it lives
    setMaxListeners(0, this.#stop.signal);
    this.#dialer = new Dialer(options, this.#metrics, this.#stop.signal);
    // before what is made below: each of that begins with what is known of an earlier process
    const identity = makeIdentity(options, (wentBack) => this.#diagnostics.lost(wentBack));
    this.#identity = identity;
    this.#policy = new ReconnectPolicy(options, Math.random, identity.facts);
    this.#subscriptions = new SubscriptionKeeper(options.subscriptions, identity.kept, options.formerFilters);
    this.#version = this.#policy.version;
    this.#session = new Session({ ...sessionOptions(options), ...identity.birth });
    this.#ends = new ConnectionEnds({
      options,
      policy: this.#policy,
      session: this.#session,
      subscriptions: this.#subscriptions,
      identity,
      diagnostics: this.#diagnostics,
    });
  }

  /** Connects and subscribes; with reconnect on it keeps trying on retryable errors. Rejects with the fatal error or ABORTED. */
  open(signal: AbortSignal): Promise<void> {
    return this.#begin(signal);
  }

  /** One for the whole life, over all connections. */
  get session(): Session {
    return this.#session;
  }

  /** Between CONNACK and the end of the transport. */
  get connected(): boolean {
    return conversationOf(this.#state)?.connected === true;
  }

  /** Where its life stands. */
  get state(): ConnectionStage {
    return this.#state.at === 'conversing' ? this.#state.conversation.at : this.#state.at;
  }

  /** A control connection beside this one, for its owner to start at `place` and to stop: it does not end with this one (R19a, R20a). */
  control(listener: ControlListener): ControlConnection {
    return new ControlConnection({ options: this.#options, metrics: this.#metrics, listener });
  }

  /** Where the last connection was, or the next one is tried. */
  get place(): ControlTarget {
    return { address: this.#policy.address, version: this.#version };
  }

  /** Bytes that wait in the socket and above it. */
  get bufferedBytes(): number {
    return conversationOf(this.#state)?.link.bufferedBytes ?? 0;
  }

  /** Writes what the session has to send, takes its events and arms its timer. To be called after commands on `session`. */
  flush(): void {
    conversationOf(this.#state)?.link.pump();
  }

  /**
   * Stops or resumes reading the socket (byte bound, QoS 0 policy `pause`). Keep-alive goes on. A new connection reads until it has its
   * SUBACKs.
   */
  setReading(reading: boolean): void {
    this.#reading = reading;
    conversationOf(this.#state)?.setReading(reading);
  }

  /** Without auto-reconnect, after `onDisconnected`: connects once more (the sink's retry strategy drives it). Rejects like `open`. */
  reconnect(signal: AbortSignal): Promise<void> {
    return this.#begin(signal);
  }

  /**
   * Sends DISCONNECT; a kept session stays as it is (R15), any other ends here (5.0: expiry 0; 3.x: by one more, clean
   * connection). Waits for the bytes to leave for at most `timeoutMs` (default 1000). Never rejects.
   */
  close(timeoutMs = 1000, properties?: Properties): Promise<void> {
    this.#closing ??= this.#shut(timeoutMs, properties);
    return this.#closing;
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (this.#state.at !== 'idle') {
      throw new MillraceError('INVALID_STATE', `cannot connect: the connection is ${this.#state.at}`);
    }
    // who gives up opening gives up the connection: nothing of an attempt may go on behind its back
    const onAbort = (): void => void this.close(0);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#opening = deferred<void>();
    try {
      const { promise } = this.#opening;
      if (signal.aborted) onAbort();
      else void this.#live();
      await promise;
    } finally {
      this.#opening = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #live(): Promise<void> {
    for (;;) {
      const next = await this.#examined(await this.#attempt());
      if (next?.do !== 'retry') return;
      // a close ends the wait
      if (next.waitMs > 0) await abortableWait(next.waitMs, this.#stop.signal);
      if (isOver(this.#state)) return;
      this.#diagnostics.retrying(this.#policy.address);
    }
  }

  /** The step itself, unless a trial has to tell first whether another client uses our id (R19a). */
  async #examined(step: NextStep | undefined): Promise<NextStep | undefined> {
    if (step?.do !== 'retry' || step.examine === undefined) return step;
    const { address } = this.#policy;
    try {
      const verdict = await this.#trial(step.examine.longestMs).run();
      if (isOver(this.#state)) return undefined;
      this.#diagnostics.examined(verdict, address);
      const { next, error } = this.#policy.examined(verdict, performance.now());
      this.#state = stateAfter(next);
      const server = formatAddress(address);
      if (error !== undefined) this.#sayEnd(atServer(error, server), next, server);
      return next;
    } catch (error) {
      return this.#ended({ error: MillraceError.from(error), byFin: false }, false);
    }
  }

  #trial(longestMs: number): TakeoverTrial {
    const { signal } = this.#stop;
    return new TakeoverTrial({
      control: (listener) => this.control(listener),
      place: this.place,
      longestMs,
      begin: () => this.#identity.begin({ destroy: () => {} }, signal),
      onDoubt: () => {
        this.#subscriptions.doubt();
        this.#identity.connectUnanswered();
      },
      signal,
      random: Math.random,
    });
  }

  /** One attempt to connect, and the connection that it leads to. */
  async #attempt(): Promise<NextStep | undefined> {
    if (this.#dependsOnNothing) this.#policy.tryNewest(performance.now());
    const { address, version } = this.#policy;
    this.#state = { at: 'connecting' };
    let connectSent = false;
    try {
      // before the user's functions and the network: a loss that nobody has decided about costs no connect
      await this.#identity.check();
      this.#renew();
      // before the transport: a provider may take its time, a server that waits for CONNECT gives little
      let login = await this.#dialer.login(address);
      let transport = await this.#dialer.transport(address);
      // not before a server is reached: until then nothing has to be written down
      await this.#identity.begin(transport, this.#stop.signal);
      if (this.#identity.mustDiscard(address)) {
        // cut from here on, it may have ended the old session, or not
        connectSent = true;
        await this.#dialer.discard(transport, version, login);
        connectSent = false;
        this.#policy.spoken(performance.now());
        this.#identity.discarded(address);
        // one transport and one exchange for each CONNECT
        login = await this.#dialer.loginAgain(address, login);
        transport = await this.#dialer.transport(address);
        await this.#identity.begin(transport, this.#stop.signal);
      }
      return await this.#converse(transport, version, login);
    } catch (error) {
      return this.#ended({ error: MillraceError.from(error), byFin: false }, connectSent);
    }
  }

  /** What may be fresh at each connect is asked for, at the first too: what throws is tried again like the network. */
  #renew(): void {
    const fresh = this.#options.renew?.();
    if (fresh === undefined) return;
    this.#options = { ...this.#options, ...fresh };
    this.#dialer.renew(this.#options);
  }

  /** Another version may be tried without harm: with a store it belongs to the epoch (R5d), and nothing is under way. */
  get #dependsOnNothing(): boolean {
    if (!this.#identity.versionIsFree || this.#session.inflight > 0) return false;
    return this.#session.state().inbound.length === 0;
  }

  /** Resolves when the connection has ended, with what follows. */
  async #converse(transport: Transport, version: ProtocolVersion, login: Login): Promise<NextStep | undefined> {
    if (isOver(this.#state)) {
      transport.destroy();
      return undefined;
    }
    // what another version has subscribed to may lack what this one can ask for
    if (this.#policy.connected && version !== this.#version) this.#subscriptions.doubt();
    if (this.#identity.fenceable) this.#subscriptions.doubt();
    this.#version = version;
    const ended = deferred<NextStep | undefined>();
    this.#leave = ended.resolve;
    const { address } = this.#policy;
    // as it was before this CONNECT
    const reconnected = this.#policy.connected;
    const conversation = new Conversation({
      options: this.#options,
      owner: {
        onAccepted: (event) => this.#onAccepted(event, reconnected),
        onAgain: ({ error, forget }) =>
          void this.#connectAgain(conversation, error, forget ? { sessionExpiryInterval: 0 } : undefined),
        onGranted: (next) => this.#onGranted(conversation, next),
        onEnd: (end) => ended.resolve(this.#ended(end, true)),
      },
      listener: this.#listener,
      session: this.#session,
      subscriptions: this.#subscriptions,
      identity: this.#identity,
      metrics: this.#metrics,
      transport,
      login,
      address,
      version,
      reconnected,
    });
    this.#state = { at: 'conversing', conversation };
    conversation.start(this.#identity.request({ address, version }, this.#subscriptions.unverified));
    return ended.promise;
  }

  #onAccepted(event: ConnectedEvent, resumed: boolean): void {
    const { address, olderBecause } = this.#policy;
    this.#policy.accepted(performance.now());
    this.#identity.accepted(address);
    this.#diagnostics.accepted(event, { address, version: this.#version, olderBecause, resumed });
  }

  #onGranted(conversation: Conversation, next: 'run' | 'try'): void {
    if (next === 'try') {
      // R5e: before anything depends on the session
      void this.#connectAgain(conversation, new MillraceError('CONNECTION_LOST', KEPT_OR_NOT));
      return;
    }
    if (this.#options.ownFilters === undefined) this.#policy.granted();
    // what was asked while everything had to be read (Z13)
    conversation.setReading(this.#reading);
    // before the opening resolves, so that its owner knows what was granted
    this.#listener.onSubscribed(this.#subscriptions.granted);
    this.#opening?.resolve();
  }

  /** In order, and at once. */
  async #connectAgain(conversation: Conversation, why: MillraceError, goodbye?: Properties): Promise<void> {
    // not by `#ended`: nothing has failed, and the policy is to count nothing
    this.#state = { at: 'backing-off', waitMs: 0 };
    conversation.end();
    this.#session.disconnect(0, goodbye);
    const closed = conversation.link.close(GOODBYE_MS);
    this.#listener.onDisconnected(why);
    await closed;
    this.#leave({ do: 'retry', waitMs: 0 });
  }

  /** An attempt or a connection is over: says so, and what follows. */
  #ended(end: LinkEnd, connectSent: boolean): NextStep | undefined {
    const conversation = conversationOf(this.#state);
    const shown = this.#ends.show(end, conversation, connectSent);
    conversation?.end();
    if (isOver(this.#state)) return undefined;
    const next = this.#ends.after(shown, performance.now());
    this.#state = stateAfter(next);
    const { error, server } = shown;
    // when the state says what follows: a listener may look at it, or close
    this.#sayEnd(atServer(next.do === 'retry' ? error : next.error, server), next, server);
    return next;
  }

  #sayEnd(error: MillraceError, next: NextStep, server: string): void {
    this.#diagnostics.ended(error, next, server);
    this.#listener.onDisconnected(error);
    if (next.do === 'retry') return;
    // who opens is told once, by the promise
    if (this.#opening !== undefined) this.#opening.reject(error);
    else if (next.do === 'fail') this.#listener.onFailed(error);
  }

  async #shut(timeoutMs: number, properties: Properties | undefined): Promise<void> {
    const until = performance.now() + timeoutMs;
    const conversation = conversationOf(this.#state);
    const connected = conversation?.connected === true;
    conversation?.end();
    if (this.#state.at !== 'failed') this.#state = { at: 'closed' };
    this.#opening?.reject(new MillraceError('ABORTED', 'the connection was closed'));
    if (connected) {
      this.#session.disconnect(0, this.#goodbye(properties));
      await conversation.link.close(timeoutMs);
      const { address, version } = this.#policy;
      // 3.x knows no expiry: there a session that is not kept is thrown away by a clean connection
      if (version < 5 && !this.#options.keepSession)
        await this.#dialer.forget(address, version, until - performance.now());
    } else {
      conversation?.link.destroy();
    }
    this.#stop.abort(new MillraceError('ABORTED', 'the connection was closed'));
  }

  /** A session that is not kept ends with the DISCONNECT [MQTT-3.14.2.2.2]; a kept one must not be shortened (R15). */
  #goodbye(properties: Properties | undefined): Properties | undefined {
    if (this.#version < 5) return undefined;
    return this.#options.keepSession ? properties : { ...properties, sessionExpiryInterval: 0 };
  }
}
