import type { MillraceError } from '../../errors/millrace-error.js';
import type { Session } from '../protocol/session/session.js';
import type { ConnectionDiagnostics } from './connection-diagnostics.js';
import type { Conversation } from './conversation.js';
import type { SessionIdentity } from './identity/session-identity.js';
import type { LinkEnd } from './link.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';
import { isSecure } from './options/servers/resolve-servers.js';
import { adviseOlder } from './reconnect/advise-older.js';
import { explainClose, type Unanswered } from './reconnect/explain-close.js';
import { isConnectRefusal } from './reconnect/is-connect-refusal.js';
import type { AttemptEnd, NextStep, ReconnectPolicy } from './reconnect/reconnect-policy.js';
import { Redirects } from './reconnect/redirects.js';
import type { SubscriptionKeeper } from './subscriptions/subscription-keeper.js';
import { formatAddress } from './transport/format-address.js';

/** Who has a say in what follows an end. */
export interface EndParts {
  readonly policy: ReconnectPolicy;
  readonly session: Session;
  readonly subscriptions: SubscriptionKeeper;
  readonly identity: SessionIdentity;
  readonly diagnostics: ConnectionDiagnostics;
  /** Of them what is the same for all attempts. */
  readonly options: Pick<MqttConnectionOptions, 'followServerReference' | 'subscriptions' | 'ownFilters'>;
}

/** What an end shows by itself. */
export interface ShownEnd {
  /** With what can be told of its reason. */
  readonly error: MillraceError;
  /** Where it was: what follows may be elsewhere. */
  readonly server: string;
  /** The server closed in order (R19a). */
  readonly byFin: boolean;
  /** A CONNECT may have been written. */
  readonly connectSent: boolean;
  /** The SUBSCRIBE of the owner's filters was not answered. */
  readonly subscribing: boolean;
  /** The one that ended, if it had come to that. */
  readonly conversation: Conversation | undefined;
}

/**
 * What the end of an attempt, or of a connection, shows, and what follows from it.
 *
 * Order of calls: `show` before the conversation is told of its end, after which it awaits nothing; `after` when it has been told, once.
 *
 * Z34. A CONNECT that may have been sent and was not answered leaves a doubt with subscriptions and identity, until it is settled.
 */
export class ConnectionEnds {
  readonly #parts: EndParts;
  readonly #redirects: Redirects;

  constructor(parts: EndParts) {
    this.#parts = parts;
    this.#redirects = new Redirects(parts.options.followServerReference);
  }

  /** Changes nothing. */
  show({ error, byFin }: LinkEnd, conversation: Conversation | undefined, connectSent: boolean): ShownEnd {
    const { version, address } = this.#parts.policy;
    const unanswered = this.#unanswered(conversation, connectSent);
    return {
      error: adviseOlder(explainClose(error, unanswered), version),
      server: formatAddress(address),
      byFin,
      connectSent,
      subscribing: unanswered?.packet === 'SUBSCRIBE',
      conversation,
    };
  }

  /** What follows. */
  after({ conversation, ...shown }: ShownEnd, now: number): NextStep {
    const { session, diagnostics } = this.#parts;
    const { error, connectSent } = shown;
    const { connectedMs, moved = false } = conversation ?? {};
    if (connectSent && connectedMs === undefined) this.#doubt(error);
    if (connectedMs === undefined) diagnostics.failed();
    // the session knows of the end already (LI1): this is how the connection was then
    const { inflight, lastOwed, lastAlone } = session;
    return this.#next({
      ...shown,
      connectedMs,
      moved: moved || inflight > 0,
      // an end that a search for a message counts is progress, too (R20a)
      progressed: moved || lastAlone >= 0,
      unanswered: connectedMs !== undefined && lastOwed > 0,
      now,
    });
  }

  /** A server that names another one is the policy's business only where that is not followed. */
  #next(end: AttemptEnd): NextStep {
    const { policy, diagnostics } = this.#parts;
    const redirect = this.#redirects.after(end, policy.address);
    if (redirect !== undefined) diagnostics.redirected(redirect);
    const { to, moved = false } = redirect ?? {};
    return to === undefined ? policy.after(end) : policy.redirected({ to, moved }, end);
  }

  #unanswered(conversation: Conversation | undefined, connectSent: boolean): Unanswered | undefined {
    const { policy, options } = this.#parts;
    if (conversation?.awaitsGrant) {
      return { packet: 'SUBSCRIBE', filters: options.subscriptions.length + (options.ownFilters ?? 0) };
    }
    const accepted = conversation?.connectedMs !== undefined;
    if (!connectSent || accepted) return undefined;
    return { packet: 'CONNECT', version: policy.version, secure: isSecure(policy.address) };
  }

  #doubt(error: MillraceError): void {
    const { subscriptions, identity } = this.#parts;
    subscriptions.doubt();
    // a refusal has made no session; what an unanswered CONNECT has made, nobody knows
    if (!isConnectRefusal(error)) identity.connectUnanswered();
  }
}
