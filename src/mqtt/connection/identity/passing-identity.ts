import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';
import { NOTHING_KEPT } from '../subscriptions/subscription-keeper.js';
import type { Decision, SessionQuestion } from './record/judge-session.js';
import { sessionLost } from './record/session-lost.js';
import type { AfterGrant, Grant, Met, Place, SessionDoubts, SessionIdentity } from './session-identity.js';
import { SessionServer } from './session-server.js';
import { tellUnverified } from './tell-unverified.js';

/**
 * Without a store. A session is ours as long as this process holds its state: nothing is written, and nothing is asked of the broker.
 * A loss is seen by what the CONNACK says, by what the session then holds and the server does not have, or by our being elsewhere (R5b).
 */
export class PassingIdentity implements SessionIdentity {
  readonly facts = {};
  readonly kept = NOTHING_KEPT;
  readonly birth = {};
  readonly versionIsFree = true;
  readonly settled = true;
  readonly fenceable = false;
  readonly #options: MqttConnectionOptions;
  readonly #server: SessionServer;
  readonly #onLost: () => void;
  /** The present connection is to another server than the session. */
  #elsewhere = false;

  /** `onLost`: a lost session is found out. */
  constructor(options: MqttConnectionOptions, onLost: () => void) {
    this.#options = options;
    this.#server = new SessionServer(options);
    this.#onLost = onLost;
  }

  async check(): Promise<void> {}

  async begin(): Promise<void> {}

  mustDiscard(address: ServerAddress): boolean {
    return this.#server.mustDiscard(address);
  }

  discarded(address: ServerAddress): void {
    this.#server.discarded(address);
  }

  request({ address }: Pick<Place, 'address'>): SessionDoubts {
    this.#elsewhere = this.#server.isElsewhere(address);
    return { elsewhere: this.#elsewhere, unverified: false };
  }

  connectUnanswered(): void {}

  accepted(address: ServerAddress): void {
    this.#server.accepted(address);
  }

  meet(question: SessionQuestion | undefined, met: Met, follow: (decision: Decision) => void): void {
    const { present, unverified } = met;
    const holds = question !== undefined;
    const lost = holds || this.#elsewhere || isAbsent(met);
    const { name, clientId, onSessionLoss: policy, ownFilters } = this.#options;
    // an owner that subscribes anew on each connection has nothing that could be lost
    if (lost && (holds || ownFilters === undefined)) this.#onLost();
    if (lost && policy === 'fail') {
      follow({ do: 'end', error: sessionLost(clientId) });
      return;
    }
    if (present && unverified) tellUnverified(name, met, false);
    follow(lost ? { do: 'begin', lost, holds } : { do: 'go-on', verified: !unverified, present });
  }

  verified(): void {}

  subscribe(): void {}

  answered(): boolean {
    return false;
  }

  granted(_grant: Grant, follow: (next: AfterGrant) => void): void {
    follow({ do: 'run' });
  }
}

/** The server has none although it had one. 3.1 has no flag for that: there only the loss of what the session held can be told. */
const isAbsent = ({ reconnected, present, version }: Met): boolean => reconnected && !present && version > 3;
