/** How many early closes in a row say that another client uses our id (R19). */
export const CONFLICT_CLOSES = 5;
/** How soon after CONNACK a close is an early one. */
const EARLY_MS = 1000;

/** How a connection ended, as far as a conflict is concerned. */
export interface ConnectionEnd {
  /** The server closed in order (FIN). Never true for RST or a timeout. */
  readonly byFin: boolean;
  /** Milliseconds since CONNACK; undefined when none came. */
  readonly connectedMs: number | undefined;
}

/**
 * R19: two clients with one id throw each other out for ever. Brokers that name it send DISCONNECT 0x8E; the others just close,
 * which is told by five closes in a row, each within a second after CONNACK.
 */
export class ConflictDetector {
  #closes = 0;

  /** True while the last connections ended like in a conflict. */
  get suspected(): boolean {
    return this.#closes > 0;
  }

  /** True when it is a conflict. */
  ended(end: ConnectionEnd): boolean {
    const early = end.byFin && end.connectedMs !== undefined && end.connectedMs < EARLY_MS;
    this.#closes = early ? this.#closes + 1 : 0;
    return this.#closes >= CONFLICT_CLOSES;
  }
}
