import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { MqttConnectionOptions } from '../options/mqtt-connection-options.js';
import type { Judgement } from './record/judge-session.js';
import type { SessionPast } from './session-past.js';

/** Tells what is found out about a session. One that went back is told once, however often it is met before it is settled. */
export class SessionNews {
  readonly #options: Pick<MqttConnectionOptions, 'name' | 'clientId' | 'onSessionLoss'>;
  readonly #onUnknownSession: SessionPast['onUnknownSession'];
  readonly #onLost: (wentBack: boolean) => void;
  /** It is told that the session went back, and not settled yet. */
  #toldBack = false;

  /** `onLost` is told of a lost session, and of one that went back. */
  constructor(
    options: Pick<MqttConnectionOptions, 'name' | 'clientId' | 'onSessionLoss'>,
    onUnknownSession: SessionPast['onUnknownSession'],
    onLost: (wentBack: boolean) => void,
  ) {
    this.#options = options;
    this.#onUnknownSession = onUnknownSession;
    this.#onLost = onLost;
  }

  tell(what: NonNullable<Judgement['tell']>): void {
    const { name, clientId, onSessionLoss } = this.#options;
    const back = what === 'went-back';
    if (what === 'not-kept') publishDiagnostic('session-not-kept', { name, clientId, policy: onSessionLoss });
    else if (what === 'unknown')
      publishDiagnostic('session-unknown', { name, clientId, policy: this.#onUnknownSession });
    else {
      if (!back || !this.#toldBack) this.#onLost(back);
      this.#toldBack = back;
    }
  }

  /** A new epoch begins. */
  settled(): void {
    this.#toldBack = false;
  }
}
