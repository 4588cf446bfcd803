/** How many early closes of quiet connections in a row say that another client uses our id (R19). */
export const QUIET_CLOSES = 5;
/** The same when messages moved on some of them: then a network that cuts is the better guess, for a while. */
export const MOVING_CLOSES = 25;
/** How soon after CONNACK a close is an early one. */
const EARLY_MS = 1000;

/** How a connection ended, as far as a conflict is concerned. */
export interface ConnectionEnd {
  /** The server closed in order (FIN). Never true for RST or a timeout. */
  readonly byFin: boolean;
  /** Milliseconds since CONNACK; undefined when none came. */
  readonly connectedMs: number | undefined;
  /** Messages came or went on it, or were to be acknowledged when it ended. */
  readonly moved: boolean;
  /** The server had not answered everything that was sent on it. */
  readonly unanswered: boolean;
}

/**
 * R19: two clients with one id throw each other out for ever. Brokers that name it send DISCONNECT 0x8E; the others just close,
 * which is told by five closes in a row, each within a second after CONNACK.
 *
 * A proxy that cuts looks the same, and so does a 3.x broker that closes at a message it does not take (`PoisonSearch`): an end with something unanswered never counts. Both
 * need traffic. So closes of connections on which messages moved begin the five anew; that many more of them in a row are a
 * conflict all the same, for two clients may fight over a busy session.
 */
export class ConflictDetector {
  #closes = 0;
  /** Those since messages moved. */
  #quiet = 0;

  /** True while the last connections ended like in a conflict. */
  get suspected(): boolean {
    return this.#closes > 0;
  }

  /** How many early closes there were in a row. */
  get closes(): number {
    return this.#closes;
  }

  /** True when it is a conflict. */
  ended(end: ConnectionEnd): boolean {
    const early = end.byFin && !end.unanswered && end.connectedMs !== undefined && end.connectedMs < EARLY_MS;
    this.#closes = early ? this.#closes + 1 : 0;
    this.#quiet = early && !end.moved ? this.#quiet + 1 : 0;
    return this.#quiet >= QUIET_CLOSES || this.#closes >= MOVING_CLOSES;
  }
}
