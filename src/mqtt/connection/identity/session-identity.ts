import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';
import type { SessionOptions } from '../../protocol/session/session-options.js';
import type { ConnectFacts } from '../connect-request.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import type { PolicyFacts } from '../reconnect/policy-facts.js';
import type { KeptSession, Resume, SubscribingSession } from '../subscriptions/subscription-keeper.js';
import type { HeldSubscription } from '../subscriptions/wanted-subscription.js';
import type { Transport } from '../transport/transport.js';
import type { Decision, SessionQuestion } from './record/judge-session.js';

/** What a CONNECT says of a session that the server may have. */
export type SessionDoubts = Pick<ConnectFacts, 'elsewhere' | 'unverified'>;

/** How a session is born, besides the options of its connection. */
export type SessionBirth = Pick<SessionOptions, 'settlesEmpty' | 'storesIds' | 'state'>;

/** The present connection. */
export interface Place {
  /** Of the server. */
  readonly address: ServerAddress;
  /** A session of another version is another one at some brokers. */
  readonly version: ProtocolVersion;
  /** That of the session whose state we hold. */
  readonly epoch: number;
}

/** What came with a CONNACK. */
export interface Met extends Place {
  /** As the broker says it: it may have assigned one. */
  readonly clientId: string;
  /** The server says that it has a session of ours. */
  readonly present: boolean;
  /** There was a CONNACK in this process before. */
  readonly reconnected: boolean;
  /** A session that is present may be an empty one (R5a). */
  readonly unverified: boolean;
}

/** What is known when all is granted. */
export interface Grant extends Pick<Place, 'address' | 'version'> {
  /** The server had the session. */
  readonly present: boolean;
  /** Those of the owner, with what each was granted. */
  readonly subscriptions: readonly HeldSubscription[];
}

/** What follows a grant: the connection is used; it is tried first whether the broker keeps the session (R5e); or it is cut. */
export type AfterGrant = { readonly do: 'run' | 'try' } | Extract<Decision, { do: 'cut' }>;

/**
 * Whose session the one at the broker is, and what a connection has to do about that: the seam between a connection without a store
 * (`PassingIdentity`: what is known ends with the process, and is known at once) and one with it (`RecordedIdentity`: each step is
 * durable before the next). A connection has one for its life and asks it in this order, anew for each attempt:
 *
 *     check → begin → [mustDiscard → discarded → begin] → request → accepted → meet (again for each question of the session,
 *     `verified` between them) → subscribe → answered … until `settled` → granted
 *
 * An attempt may end at any point, and the next begins at `check`. What is called back after its connection ended is for the caller
 * to leave aside.
 */
export interface SessionIdentity {
  /** What the reconnect policy begins with. */
  readonly facts: PolicyFacts;
  /** What the session had at the end of an earlier process. */
  readonly kept: KeptSession;
  /** With what the session begins in this process. */
  readonly birth: SessionBirth;
  /** Its version may change as long as nothing is under way: it belongs to no epoch that outlives the process (R5d). */
  readonly versionIsFree: boolean;
  /**
   * Another process may take the store over while this one lives, and with it the session: a CONNECT of the other one may come at any time, and
   * an old one of ours behind it (C3).
   */
  readonly fenceable: boolean;
  /** Before anything is asked of the network. Rejects with SESSION_LOST for a loss that is still to be decided about (R17). */
  check(): Promise<void>;
  /** Before a CONNECT, also a clean one. The open transport does not outlive a failure, or an abort meanwhile. */
  begin(transport: Pick<Transport, 'destroy'>, signal: AbortSignal): Promise<void>;
  /** What the server has for our client id must be thrown away before the CONNECT that counts (R6a, R8b). */
  mustDiscard(address: ServerAddress): boolean;
  /** It was thrown away. */
  discarded(address: ServerAddress): void;
  /** What the CONNECT has to say. `unverified`: a session that is present may be an empty one. */
  request(at: Pick<Place, 'address' | 'version'>, unverified: boolean): SessionDoubts;
  /** A CONNECT ended without a CONNACK: it may have made a session. */
  connectUnanswered(): void;
  /** The server accepted a CONNECT that is not clean. */
  accepted(address: ServerAddress): void;
  /**
   * The session has asked `question` behind CONNACK, or nothing. `follow` is called once, perhaps before this returns, and not before it is
   * durable that the session is still ours to speak for (C3); where it is not, or where that is unknown, the decision is `cut`.
   */
  meet(question: SessionQuestion | undefined, met: Met, follow: (decision: Decision) => void): void;
  /** The server has answered what `meet` led to: the session is ours, and what it was asked for is gone. */
  verified(): void;
  /** Beside the SUBSCRIBEs of the owner. `resumed`: the session is verified to be the one that is known. */
  subscribe(session: SubscribingSession, at: Pick<Resume, 'version' | 'batches'>, resumed: boolean): void;
  /** True when the answer was to a SUBSCRIBE or UNSUBSCRIBE of its own. */
  answered(event: SubscriptionAnswerEvent): boolean;
  /** No such answer is awaited. */
  readonly settled: boolean;
  /** All is granted. `follow` is called once, perhaps before this returns. */
  granted(grant: Grant, follow: (next: AfterGrant) => void): void;
}
