import type { SourceSnapshot } from '../../../connector/source-reader.js';
import type { Acknowledger, AckSession } from '../acknowledgement/acknowledger.js';

/** With the guarantee `none`: the intake acknowledges what it receives, and nothing is left to do but to let QoS 2 ids go. */
export class ReceiptAcks implements Acknowledger {
  readonly owes = false;
  readonly count = 0;
  readonly dirty = false;
  readonly #session: AckSession;

  constructor(session: AckSession) {
    this.#session = session;
  }

  taken(): void {}

  released(token: number): void {
    this.#session.complete(token);
  }

  suspected(): void {}

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: undefined };
  }

  committed(): number {
    return 0;
  }
}
