import { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import { unansweredError } from '../../protocol/session/present/silence-error.js';
import type { Session } from '../../protocol/session/session.js';
import type { AuthSuccessEvent, SessionEvent } from '../../protocol/session/session-event.js';
import type { AuthenticationStart } from '../../protocol/session/session-options.js';
import { type AuthEvent, isAuthEvent } from '../connection-event.js';
import { timedSignal } from '../transport/timed-signal.js';
import { askProvider, providerFailed } from './ask-provider.js';
import type { Authentication, AuthenticationContext, AuthenticationExchange } from './authentication.js';

const WHAT = 'authentication';
/** Told to the broker when we cannot or will not go on [MQTT-4.12.1-2]. */
const UNSPECIFIED = 0x80;

/** For whom, and where. */
export interface AuthenticatorParts {
  /** The user's: asked for an exchange before each CONNECT and for each re-authentication. */
  readonly authentication: Authentication;
  /** For events. */
  readonly name: string;
  /** Told to the method, as is `server`. */
  readonly clientId: string;
  readonly server: string;
  /** Aborts when nothing is to be connected any more. */
  readonly signal: AbortSignal;
  /** Milliseconds that `start` has to authenticate a live connection anew. */
  readonly startTimeoutMs: number;
  /** Milliseconds that `finish` has. */
  readonly finishTimeoutMs: number;
}

/** The connection that is authenticated. */
export interface AuthenticatedLink {
  /** Told what our side says; it leaves with `pump`. */
  readonly session: Session;
  /** After each command on `session`. */
  pump(): void;
  /** Ends the connection by a DISCONNECT with this code: an answer cannot be had, or the broker did not prove itself. */
  giveUp(error: MillraceError, reasonCode: number): void;
}

/**
 * Drives the exchanges of one connection: the promises between the session's events and the user's provider. AU1. One exchange at a time.
 * AU2. Nothing of an exchange touches a connection that has ended. AU3. The session is not admitted before `finish` has resolved. AU4. Every wait for the provider has a bound: that of `begin` is the
 * caller's, that of `continue` the session's, and the rest are here; else one exchange that never ends would be the last (AU1).
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #stop = new AbortController();
  readonly #onParent = (): void => this.#stop.abort(this.#parts.signal.reason);
  #exchange: AuthenticationExchange | undefined;
  #link: AuthenticatedLink | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** AU1: from `start` until `finish` is done. */
  #busy = false;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    parts.signal.addEventListener('abort', this.#onParent, { once: true });
    if (parts.signal.aborted) this.#onParent();
  }

  /** Begins the exchange of a CONNECT; gives what CONNECT says. `signal` aborts when it takes too long. */
  async begin(signal: AbortSignal): Promise<AuthenticationStart> {
    return { method: this.#parts.authentication.method, data: await this.#start(false, signal) };
  }

  /** CONNECT is about to be sent on this link. */
  attach(link: AuthenticatedLink): void {
    this.#link = link;
  }

  /** Takes what concerns an authentication out of a run of events. */
  handle(events: readonly SessionEvent[]): void {
    for (const event of events) if (isAuthEvent(event)) void this.#run(() => this.#follow(event));
  }

  /** The connection is over, or will not be. */
  end(): void {
    clearTimeout(this.#timer);
    this.#parts.signal.removeEventListener('abort', this.#onParent);
    this.#stop.abort(new MillraceError('ABORTED', 'the connection is over'));
  }

  async #follow(event: AuthEvent): Promise<void> {
    if (event.type === 'auth-challenge') await this.#answer(event.data);
    else await this.#finish(event);
  }

  async #answer(data: Uint8Array): Promise<void> {
    const answer = await this.#ask((signal) => this.#exchange?.continue(data, signal));
    this.#link?.session.authenticate(checkedData(answer));
    this.#link?.pump();
  }

  async #finish({ data, initial }: AuthSuccessEvent): Promise<void> {
    await this.#within(this.#parts.finishTimeoutMs, (signal) =>
      this.#ask((given) => this.#exchange?.finish?.(data, given), signal),
    );
    this.#busy = false;
    this.#exchange = undefined;
    this.#arm();
    if (initial) this.#link?.session.admit();
    else this.#tell();
    this.#link?.pump();
  }

  /** Not before CONNACK, nor while an exchange is under way (AU1). */
  #reauthenticate(): void {
    if (this.#busy || this.#stop.signal.aborted || this.#link?.session.limits === undefined) return;
    clearTimeout(this.#timer);
    void this.#run(async () => {
      const data = await this.#within(this.#parts.startTimeoutMs, (signal) => this.#start(true, signal));
      this.#link?.session.reauthenticate(data);
      this.#link?.pump();
    });
  }

  async #start(reauthentication: boolean, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#busy = true;
    const { authentication } = this.#parts;
    const context = this.#context(reauthentication);
    const exchange = await askProvider(WHAT, () => authentication.start(context), signal);
    if (typeof exchange?.continue !== 'function') throw providerFailed(WHAT, 'gave something else than an exchange');
    this.#exchange = exchange;
    return checkedData(exchange.data);
  }

  /** AU2: the connection may end in the very turn in which the provider answers. */
  async #ask<T>(ask: (signal: AbortSignal) => T | Promise<T>, signal = this.#stop.signal): Promise<T> {
    const answer = await askProvider(WHAT, () => ask(signal), signal);
    signal.throwIfAborted();
    return answer;
  }

  /** AU4, and AU2 as for `#ask`. */
  async #within<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = timedSignal(this.#stop.signal, ms, unansweredError);
    try {
      const answer = await ask(limit.signal);
      this.#stop.signal.throwIfAborted();
      return answer;
    } finally {
      limit.dispose();
    }
  }

  #context(reauthentication: boolean): AuthenticationContext {
    const { clientId, server } = this.#parts;
    const { signal } = this.#stop;
    return { clientId, server, reauthentication, signal, reauthenticate: () => this.#reauthenticate() };
  }

  /** AU2: what fails on a connection that is over concerns nobody. */
  async #run(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#link?.giveUp(MillraceError.from(error), UNSPECIFIED);
    }
  }

  #arm(): void {
    const every = this.#parts.authentication.reauthenticateEvery;
    if (every !== undefined) this.#timer = setTimeout(() => this.#reauthenticate(), every);
  }

  #tell(): void {
    const { name, server, authentication } = this.#parts;
    publishDiagnostic('reauthenticated', { name, server, method: authentication.method });
  }
}

function checkedData(data: unknown): Uint8Array | undefined {
  if (data === undefined || data instanceof Uint8Array) return data;
  throw providerFailed(WHAT, 'gave data that is no Uint8Array');
}
